// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/ballast.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct ballast *new_ballast(void)
{
    struct ballast *b = NULL;
    struct err err = {0};

    assert_int_equal(ballast_new(&b, &err), 0);
    return b;
}

static void wait_for_bytes(struct ballast *b, uint64_t bytes)
{
    const struct timespec moment = {.tv_nsec = NS_PER_MS};

    while (ballast_resident_bytes(b) != bytes)
        (void)nanosleep(&moment, NULL);
}

/* The second number of /proc/self/statm: resident pages. */
static uint64_t resident_bytes(void)
{
    scoped(buf_done) struct buf text = {.max = 4096};
    unsigned long total, resident;

    assert_int_equal(buf_read_file(&text, "/proc/self/statm", NULL), 0);
    assert_int_equal(sscanf(text.data, "%lu %lu", &total, &resident), 2);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void what_is_held_is_resident_until_its_time_is_up(void **state)
{
    struct ballast *b = new_ballast();
    uint64_t before = resident_bytes();
    (void)state;

    assert_int_equal(ballast_add(b, 10 * MIB, 3600 * NS_PER_S), 0);
    assert_int_equal(ballast_add(b, 50 * MIB, 4 * NS_PER_S), 0); /* time to touch all of it */
    wait_for_bytes(b, 60 * MIB);
    assert_true(resident_bytes() >= before + 59 * MIB);

    wait_for_bytes(b, 10 * MIB);
    assert_true(resident_bytes() < before + 40 * MIB);
    ballast_free(b);
    assert_true(resident_bytes() < before + 9 * MIB);
}

static void nothing_is_held_for_no_time(void **state)
{
    struct ballast *b = new_ballast();
    (void)state;

    assert_int_equal(ballast_add(b, 10 * MIB, 0), 0);
    assert_int_equal(ballast_add(b, 0, 10 * NS_PER_S), 0);
    assert_int_equal(ballast_resident_bytes(b), 0);
    ballast_free(b);
}

static void what_the_system_does_not_give_is_refused(void **state)
{
    struct ballast *b = new_ballast();
    (void)state;

    assert_int_equal(ballast_add(b, UINT64_C(1) << 60, 10 * NS_PER_S), -ENOMEM);
    assert_int_equal(ballast_resident_bytes(b), 0);
    ballast_free(b);
}

static void the_number_of_blocks_has_a_limit(void **state)
{
    struct ballast *b = new_ballast();
    (void)state;

    for (int i = 0; i < BALLAST_BLOCKS_MAX; i++)
        assert_int_equal(ballast_add(b, 4096, 3600 * NS_PER_S), 0);
    assert_int_equal(ballast_add(b, 4096, 3600 * NS_PER_S), -ENOSPC);
    ballast_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_resident_until_its_time_is_up),
        cmocka_unit_test(nothing_is_held_for_no_time),
        cmocka_unit_test(what_the_system_does_not_give_is_refused),
        cmocka_unit_test(the_number_of_blocks_has_a_limit),
    };
    return cmocka_run_group_tests_name("ballast", tests, NULL, NULL);
}
