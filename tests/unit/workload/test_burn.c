// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/* The kernel's books about this thread, and not the clock that the burn itself reads. */
static uint64_t accounted_ns(void)
{
    struct rusage use;

    (void)getrusage(RUSAGE_THREAD, &use);
    return (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * NS_PER_S +
           (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * NS_PER_US;
}

static void assert_within_2_percent(uint64_t used_ns, uint64_t asked_ns)
{
    assert_in_range(used_ns, asked_ns - asked_ns / 50, asked_ns + asked_ns / 50);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

#define BURNS_MAX 51

/* The median, because an interrupt is on the books of whom it interrupts, and may come when a burn
 * is just about to end. */
static uint64_t median_accounted_ns(uint64_t asked_ns, size_t burns)
{
    uint64_t used_ns[BURNS_MAX];

    for (size_t i = 0; i < burns; i++) {
        uint64_t before_ns = accounted_ns();
        (void)burn_cpu(asked_ns, NULL, NULL);
        used_ns[i] = accounted_ns() - before_ns;
    }
    qsort(used_ns, burns, sizeof(used_ns[0]), compare_u64);
    return used_ns[burns / 2];
}

static void is_accounted_as_asked(void **state)
{
    static const struct {
        double ms;
        size_t burns;
    } cases[] = {{1, BURNS_MAX}, {2.5, BURNS_MAX}, {20, 9}, {200, 3}};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t asked_ns = (uint64_t)(cases[i].ms * (double)NS_PER_MS);
        assert_within_2_percent(median_accounted_ns(asked_ns, cases[i].burns), asked_ns);
    }
}

static void returns_what_it_used(void **state)
{
    uint64_t before_ns = accounted_ns();
    uint64_t used_ns = burn_cpu(50 * NS_PER_MS, NULL, NULL);
    (void)state;

    assert_true(used_ns >= 50 * NS_PER_MS);
    assert_within_2_percent(accounted_ns() - before_ns, used_ns);
}

static void nothing_costs_nothing(void **state)
{
    (void)state;

    assert_int_equal(burn_cpu(0, NULL, NULL), 0);
}

static atomic_bool competitor_stop;

static void *compete(void *arg)
{
    (void)arg;
    while (!atomic_load(&competitor_stop))
        ;
    return NULL;
}

/* Both threads on one CPU: the burn gets about half of it, takes about twice as long, and costs the
 * same. */
static void counts_cpu_time_and_not_wall_time(void **state)
{
    cpu_set_t all, one;
    pthread_t competitor;
    (void)state;

    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(pthread_create(&competitor, NULL, compete, NULL), 0); /* inherits the CPU */

    uint64_t wall_ns = clock_mono_ns(), cpu_ns = accounted_ns();
    (void)burn_cpu(300 * NS_PER_MS, NULL, NULL);
    wall_ns = clock_mono_ns() - wall_ns;
    cpu_ns = accounted_ns() - cpu_ns;

    atomic_store(&competitor_stop, true);
    assert_int_equal(pthread_join(competitor, NULL), 0);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_within_2_percent(cpu_ns, 300 * NS_PER_MS);
    assert_true(wall_ns > 400 * NS_PER_MS);
}

static bool third_time(void *arg)
{
    return ++*(int *)arg == 3;
}

static void ends_when_told_to(void **state)
{
    int asked = 0;
    uint64_t used_ns = burn_cpu(10 * NS_PER_S, third_time, &asked);
    (void)state;

    assert_int_equal(asked, 3);
    assert_true(used_ns < NS_PER_S);
}

struct gaps {
    uint64_t last_ns;
    unsigned count, long_count;
};

static bool note_gap(void *arg)
{
    struct gaps *g = arg;
    uint64_t now_ns = accounted_ns();

    g->count++;
    g->long_count += now_ns - g->last_ns > 2 * NS_PER_MS;
    g->last_ns = now_ns;
    return false;
}

static void asks_at_least_every_millisecond_or_so(void **state)
{
    struct gaps gaps = {.last_ns = accounted_ns()};
    (void)state;

    (void)burn_cpu(100 * NS_PER_MS, note_gap, &gaps);
    assert_in_range(gaps.count, 95, 1000); /* and does not waste the burn on asking */
    assert_in_range(gaps.long_count, 0, 3);
}

static void computes_what_php_apache_computes(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(burn_php_apache_self_test(&err), 0);
    assert_true(BURN_PHP_APACHE_RESULT == 249996287100.73859);
}

static bool true_at_the_second_time(void *arg)
{
    return ++*(int *)arg > 1;
}

static void the_loop_runs_so_often_or_until_nobody_wants_it(void **state)
{
    uint64_t once_ns = 0, thrice_ns = 0, none_ns = 0;
    int asked = 0;
    (void)state;

    assert_true(burn_php_apache(1, NULL, NULL, &once_ns));
    assert_true(burn_php_apache(3, NULL, NULL, &thrice_ns));
    assert_true(thrice_ns > 2 * once_ns);
    assert_false(burn_php_apache(1000, true_at_the_second_time, &asked, &none_ns));
    assert_true(none_ns < once_ns);
    assert_int_equal(asked, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_accounted_as_asked),
        cmocka_unit_test(returns_what_it_used),
        cmocka_unit_test(nothing_costs_nothing),
        cmocka_unit_test(counts_cpu_time_and_not_wall_time),
        cmocka_unit_test(ends_when_told_to),
        cmocka_unit_test(asks_at_least_every_millisecond_or_so),
        cmocka_unit_test(computes_what_php_apache_computes),
        cmocka_unit_test(the_loop_runs_so_often_or_until_nobody_wants_it),
    };
    return cmocka_run_group_tests_name("burn", tests, NULL, NULL);
}
