// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/demand.h"
#include "workload/steady.h"

#include <errno.h>
#include <time.h>

static struct steady *new_steady(unsigned threads)
{
    struct steady *s = NULL;
    struct err err = {0};

    assert_int_equal(steady_new(&s, threads, &err), 0);
    return s;
}

static void pause_ms(uint64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * NS_PER_MS)};

    (void)nanosleep(&t, NULL);
}

/* Waits until the requests have ended and what they asked for is used. */
static uint64_t used_in_all(struct steady *s)
{
    while (steady_read(s).millicores)
        pause_ms(5);
    pause_ms(200);
    return steady_read(s).used_ns;
}

/* On a machine that has no time for us it is less, and never more. */
static void uses_what_is_asked_and_no_more(void **state)
{
    struct steady *s = new_steady(2);
    (void)state;

    assert_int_equal(steady_add(s, 100, NS_PER_S), 0);
    assert_int_equal(steady_add(s, 150, NS_PER_S), 0); /* adds up */
    assert_int_equal(steady_read(s).millicores, 250);
    assert_in_range(used_in_all(s), 20 * NS_PER_MS, 260 * NS_PER_MS);
    steady_free(s);
}

static void is_accounted_to_the_process(void **state)
{
    uint64_t before_ns = clock_process_cpu_ns();
    struct steady *s = new_steady(2);
    (void)state;

    assert_int_equal(steady_add(s, 500, NS_PER_S), 0);
    uint64_t used_ns = used_in_all(s);
    uint64_t process_ns = clock_process_cpu_ns() - before_ns;
    assert_in_range(process_ns, used_ns, used_ns + 50 * NS_PER_MS);
    steady_free(s);
}

static void uses_nothing_when_nothing_is_asked(void **state)
{
    struct steady *s = new_steady(4);
    (void)state;

    assert_int_equal(steady_add(s, 0, 10 * NS_PER_S), 0);
    assert_int_equal(steady_add(s, 1000, 0), 0);
    pause_ms(100);
    assert_int_equal(steady_read(s).millicores, 0);
    assert_true(steady_read(s).used_ns < 50 * NS_PER_MS); /* what it costs to start threads */
    steady_free(s);
}

static void ends_at_once_in_the_middle(void **state)
{
    struct steady *s = new_steady(2);
    uint64_t start_ns = clock_mono_ns();
    (void)state;

    assert_int_equal(steady_add(s, 2000, 3600 * NS_PER_S), 0);
    while (steady_read(s).used_ns < 20 * NS_PER_MS)
        pause_ms(1);
    steady_free(s);
    assert_true(clock_mono_ns() - start_ns < 60 * NS_PER_S);
}

static void too_many_requests_are_refused(void **state)
{
    struct steady *s = new_steady(1);
    int r = 0, taken = 0;
    (void)state;

    for (; taken <= DEMAND_MAX && (r = steady_add(s, 1, 60 * NS_PER_S)) == 0; taken++)
        ;
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(taken, DEMAND_MAX);
    steady_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_what_is_asked_and_no_more),
        cmocka_unit_test(is_accounted_to_the_process),
        cmocka_unit_test(uses_nothing_when_nothing_is_asked),
        cmocka_unit_test(ends_at_once_in_the_middle),
        cmocka_unit_test(too_many_requests_are_refused),
    };
    return cmocka_run_group_tests_name("steady", tests, NULL, NULL);
}
