// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/askers.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

static sem_t started, let_go, done;

struct work {
    struct asker_job job;
    int *sum, add;
};

static void wait_and_end(struct asker_job *job)
{
    sem_post(&started);
    while (sem_wait(&let_go) < 0 && errno == EINTR)
        continue;
    sem_post(&done);
    free(job);
}

static void add_up(struct asker_job *job)
{
    struct work *w = (struct work *)job;

    *w->sum += w->add;
    sem_post(&done);
    free(w);
}

static void submit(struct askers *a, void (*run)(struct asker_job *job), int *sum, int add)
{
    struct work *w = calloc(1, sizeof(*w));

    *w = (struct work){{.run = run}, sum, add};
    assert_int_equal(askers_submit(a, &w->job), 0);
}

static void wait_for(sem_t *s, int times)
{
    for (int i = 0; i < times; i++)
        while (sem_wait(s) < 0)
            assert_int_equal(errno, EINTR);
}

static int set_up(void **state)
{
    (void)state;
    sem_init(&started, 0, 0);
    sem_init(&let_go, 0, 0);
    sem_init(&done, 0, 0);
    return 0;
}

static void jobs_that_wait_run_side_by_side(void **state)
{
    struct askers *a = askers_new();
    (void)state;

    for (int i = 0; i < ASKERS_MAX; i++)
        submit(a, wait_and_end, NULL, 0);
    wait_for(&started, ASKERS_MAX); /* all at a time, or this would wait for ever */
    for (int i = 0; i < ASKERS_MAX; i++)
        sem_post(&let_go);
    wait_for(&done, ASKERS_MAX);
    askers_free(a);
}

static void more_jobs_than_threads_wait_for_their_turn(void **state)
{
    struct askers *a = askers_new();
    int sum = 0;
    (void)state;

    for (int i = 0; i < ASKERS_MAX; i++)
        submit(a, wait_and_end, NULL, 0);
    wait_for(&started, ASKERS_MAX);
    for (int i = 1; i <= 100; i++)
        submit(a, add_up, &sum, i);
    sem_post(&let_go); /* one thread then does them all */
    wait_for(&done, 101);
    assert_int_equal(sum, 5050);
    for (int i = 1; i < ASKERS_MAX; i++)
        sem_post(&let_go);
    askers_free(a);
}

static void what_has_not_begun_is_dropped_at_the_end(void **state)
{
    struct askers *a = askers_new();
    (void)state;

    for (int i = 0; i < ASKERS_MAX; i++)
        submit(a, wait_and_end, NULL, 0);
    wait_for(&started, ASKERS_MAX);
    int untouched = 0;
    for (int i = 0; i < 10; i++)
        submit(a, wait_and_end, &untouched, 1);
    for (int i = 0; i < ASKERS_MAX + 10; i++)
        sem_post(&let_go);
    askers_free(a); /* a leak or a wait for ever would tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(jobs_that_wait_run_side_by_side, set_up),
        cmocka_unit_test_setup(more_jobs_than_threads_wait_for_their_turn, set_up),
        cmocka_unit_test_setup(what_has_not_begun_is_dropped_at_the_end, set_up),
    };
    return cmocka_run_group_tests_name("askers", tests, NULL, NULL);
}
