// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "workload/pool.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct {
    atomic_int owned, disowned, ran, cancelled;
    sem_t began, go;
} world;

static void *own(void *app)
{
    atomic_fetch_add(&world.owned, 1);
    return app;
}

static void disown(void *arg)
{
    (void)arg;
    atomic_fetch_add(&world.disowned, 1);
}

static void run(void *owned, void *task)
{
    assert_ptr_equal(owned, &world);
    if (task) { /* waits to be let go */
        (void)sem_post(&world.began);
        (void)sem_wait(&world.go);
    }
    atomic_fetch_add(&world.ran, 1);
}

static void cancel(void *app, void *task)
{
    (void)task;
    assert_ptr_equal(app, &world);
    atomic_fetch_add(&world.cancelled, 1);
}

static struct pool *new_pool(unsigned threads, size_t waiting_max)
{
    const struct pool_config config = {.threads = threads,
                                       .waiting_max = waiting_max,
                                       .app = &world,
                                       .own = own,
                                       .disown = disown,
                                       .run = run,
                                       .cancel = cancel};
    struct pool *p = NULL;

    assert_int_equal(pool_new(&p, &config, NULL), 0);
    return p;
}

static int begin(void **state)
{
    (void)state;
    world.owned = world.disowned = world.ran = world.cancelled = 0;
    return sem_init(&world.began, 0, 0) < 0 || sem_init(&world.go, 0, 0) < 0;
}

static void each_thread_owns_something(void **state)
{
    struct pool *p = new_pool(3, 10);
    (void)state;

    assert_int_equal(world.owned, 3);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pool_add(p, NULL), 0);
    pool_free(p); /* lets the line finish */
    assert_int_equal(world.ran, 10);
    assert_int_equal(world.disowned, 3);
}

static void the_line_has_an_end(void **state)
{
    struct pool *p = new_pool(1, 2);
    (void)state;

    assert_int_equal(pool_add(p, &world), 0);
    (void)sem_wait(&world.began);
    assert_int_equal(pool_add(p, NULL), 0);
    assert_int_equal(pool_add(p, NULL), 0);
    assert_int_equal(pool_waiting(p), 2);
    assert_int_equal(pool_add(p, NULL), -EBUSY);
    (void)sem_post(&world.go);
    pool_free(p);
    assert_int_equal(world.ran, 3);
}

static void what_waits_is_cancelled_and_what_runs_goes_on(void **state)
{
    struct pool *p = new_pool(1, 5);
    (void)state;

    assert_int_equal(pool_add(p, &world), 0);
    (void)sem_wait(&world.began);
    assert_int_equal(pool_add(p, NULL), 0);
    pool_cancel(p);
    assert_int_equal(pool_add(p, NULL), 0);
    (void)sem_post(&world.go);
    pool_free(p);
    assert_int_equal(world.ran, 1);
    assert_int_equal(world.cancelled, 2);
}

static void *own_nothing(void *app)
{
    (void)app;
    return atomic_fetch_add(&world.owned, 1) < 2 ? &world : NULL;
}

static void a_pool_that_cannot_own_enough_does_not_start(void **state)
{
    const struct pool_config config = {.threads = 5,
                                       .app = &world,
                                       .own = own_nothing,
                                       .disown = disown,
                                       .run = run,
                                       .cancel = cancel};
    struct pool *p = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(pool_new(&p, &config, &err), -ENOMEM);
    assert_int_equal(world.disowned, 2);
    assert_string_equal(err.text, "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_thread_owns_something, begin),
        cmocka_unit_test_setup(the_line_has_an_end, begin),
        cmocka_unit_test_setup(what_waits_is_cancelled_and_what_runs_goes_on, begin),
        cmocka_unit_test_setup(a_pool_that_cannot_own_enough_does_not_start, begin),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
