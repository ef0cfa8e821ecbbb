// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"
#include "workload/burners.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

struct order { /* what the tests ask a burner for */
    sem_t done;
    uint64_t used_ns;
    enum burn_outcome outcome;
    atomic_bool gone;
};

static bool order_gone(void *arg)
{
    return atomic_load(&((struct order *)arg)->gone);
}

static void order_done(void *arg, enum burn_outcome outcome, uint64_t used_ns)
{
    struct order *o = arg;

    o->outcome = outcome;
    o->used_ns = used_ns;
    (void)sem_post(&o->done);
}

static struct order *order_init(struct order *o)
{
    *o = (struct order){0};
    assert_int_equal(sem_init(&o->done, 0, 0), 0);
    return o;
}

static int add(struct burners *b, struct order *o, uint64_t cpu_ns)
{
    struct burn_task task = {.cpu_ns = cpu_ns, .give_up = order_gone, .done = order_done, .arg = o};

    return burners_add(b, &task);
}

static struct burners *new_burners(unsigned workers, size_t waiting_max)
{
    struct burners *b = NULL;
    struct err err = {0};

    assert_int_equal(burners_new(&b, workers, waiting_max, &err), 0);
    return b;
}

static void burns_what_was_asked(void **state)
{
    struct burners *b = new_burners(1, 0);
    struct order o;
    (void)state;

    assert_int_equal(add(b, order_init(&o), 5 * NS_PER_MS), 0);
    (void)sem_wait(&o.done);
    assert_int_equal(o.outcome, BURN_DONE);
    assert_in_range(o.used_ns, 5 * NS_PER_MS, 8 * NS_PER_MS);
    burners_free(b);
}

static void runs_the_loop_of_php_apache(void **state)
{
    struct burners *b = new_burners(1, 0);
    struct burn_task task = {.php_apache_times = 1, .done = order_done};
    struct order o;
    (void)state;

    task.arg = order_init(&o);
    assert_int_equal(burners_add(b, &task), 0);
    (void)sem_wait(&o.done);
    assert_int_equal(o.outcome, BURN_DONE);
    assert_true(o.used_ns > NS_PER_MS); /* a million square roots and additions */

    task.give_up = order_gone;
    atomic_store(&o.gone, true);
    assert_int_equal(burners_add(b, &task), 0);
    (void)sem_wait(&o.done);
    assert_int_equal(o.outcome, BURN_GIVEN_UP);
    assert_int_equal(o.used_ns, 0);
    burners_free(b);
}

static void the_line_has_an_end(void **state)
{
    struct burners *b = new_burners(1, 2);
    struct order first, second, third, fourth;
    (void)state;

    assert_int_equal(add(b, order_init(&first), 100 * NS_PER_S), 0);
    assert_int_equal(add(b, order_init(&second), 0), 0);
    assert_int_equal(add(b, order_init(&third), 0), 0);
    assert_int_equal(add(b, order_init(&fourth), 0), -EBUSY);
    assert_in_range(burners_waiting(b, NULL), 2, 3); /* the first may not have begun yet */

    atomic_store(&first.gone, true);
    (void)sem_wait(&first.done);
    assert_int_equal(first.outcome, BURN_GIVEN_UP);
    (void)sem_wait(&third.done); /* in order, so the second is done, too */
    assert_int_equal(second.outcome, BURN_DONE);
    assert_int_equal(burners_waiting(b, NULL), 0);
    assert_int_equal(add(b, &fourth, 0), 0);
    burners_free(b);
    assert_int_equal(fourth.outcome, BURN_DONE);
}

static void without_a_line_only_idle_burners_are_used(void **state)
{
    struct burners *b = new_burners(2, 0);
    struct order first, second, third;
    (void)state;

    assert_int_equal(add(b, order_init(&first), 100 * NS_PER_S), 0);
    assert_int_equal(add(b, order_init(&second), 100 * NS_PER_S), 0);
    assert_int_equal(add(b, order_init(&third), 0), -EBUSY);
    burners_cancel(b);
    burners_free(b);
    assert_int_equal(first.outcome, BURN_CANCELLED);
    assert_int_equal(second.outcome, BURN_CANCELLED);
}

static void who_went_away_while_waiting_costs_nothing(void **state)
{
    struct burners *b = new_burners(1, 1);
    struct order first, second;
    (void)state;

    assert_int_equal(add(b, order_init(&first), 100 * NS_PER_S), 0);
    assert_int_equal(add(b, order_init(&second), 100 * NS_PER_S), 0);
    atomic_store(&second.gone, true);
    atomic_store(&first.gone, true);
    (void)sem_wait(&second.done);
    assert_int_equal(second.outcome, BURN_GIVEN_UP);
    assert_int_equal(second.used_ns, 0);
    burners_free(b);
}

static void the_line_is_finished_before_the_end(void **state)
{
    struct burners *b = new_burners(1, 20);
    struct order orders[20];
    (void)state;

    for (size_t i = 0; i < 20; i++)
        assert_int_equal(add(b, order_init(&orders[i]), NS_PER_MS), 0);
    burners_free(b);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(orders[i].outcome, BURN_DONE);
}

static void a_cancelled_line_answers_everybody_at_once(void **state)
{
    struct burners *b = new_burners(1, 3);
    struct order orders[4];
    (void)state;

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(add(b, order_init(&orders[i]), 100 * NS_PER_S), 0);
    burners_cancel(b);
    burners_free(b);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sem_trywait(&orders[i].done), 0);
        assert_int_equal(orders[i].outcome, BURN_CANCELLED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burns_what_was_asked),
        cmocka_unit_test(runs_the_loop_of_php_apache),
        cmocka_unit_test(the_line_has_an_end),
        cmocka_unit_test(without_a_line_only_idle_burners_are_used),
        cmocka_unit_test(who_went_away_while_waiting_costs_nothing),
        cmocka_unit_test(the_line_is_finished_before_the_end),
        cmocka_unit_test(a_cancelled_line_answers_everybody_at_once),
    };
    return cmocka_run_group_tests_name("burners", tests, NULL, NULL);
}
