// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/forward/circuit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"

#include <stdio.h>
#include <string.h>

static const struct err hangs = {"hangs"};

static void fails(struct circuit *c, enum circuit_leave leave, uint64_t now_ns)
{
    circuit_failed(c, leave, &hangs, now_ns, clock_wall_ns());
}

static void open_it(struct circuit *c, uint64_t now_ns)
{
    for (int i = 0; i < CIRCUIT_FAILURES_MAX; i++)
        fails(c, CIRCUIT_YES, now_ns);
}

static void opens_after_failures_in_a_row(void **state)
{
    struct circuit c = {0};
    (void)state;

    fails(&c, CIRCUIT_YES, 0);
    fails(&c, CIRCUIT_YES, 0);
    circuit_answered(&c);
    fails(&c, CIRCUIT_YES, 0);
    fails(&c, CIRCUIT_YES, 0);
    assert_false(circuit_is_open(&c));
    assert_int_equal(circuit_enter(&c, 0), CIRCUIT_YES);
    fails(&c, CIRCUIT_YES, 0);
    assert_true(circuit_is_open(&c));
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS - 1), CIRCUIT_NO);
}

static void lets_one_probe_through_when_the_wait_is_over(void **state)
{
    struct circuit c = {0};
    (void)state;

    open_it(&c, 0);
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS), CIRCUIT_PROBE);
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS), CIRCUIT_NO);
    circuit_dropped(&c, CIRCUIT_PROBE);
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS), CIRCUIT_PROBE);
    circuit_answered(&c);
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS), CIRCUIT_YES);
}

static void waits_twice_as_long_after_each_probe_up_to_a_limit(void **state)
{
    struct circuit c = {0};
    uint64_t now_ns = 0, wait_ns = CIRCUIT_WAIT_MIN_NS;
    (void)state;

    open_it(&c, now_ns);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(circuit_enter(&c, now_ns + wait_ns - 1), CIRCUIT_NO);
        now_ns += wait_ns;
        assert_int_equal(circuit_enter(&c, now_ns), CIRCUIT_PROBE);
        fails(&c, CIRCUIT_PROBE, now_ns);
        wait_ns = 2 * wait_ns < CIRCUIT_WAIT_MAX_NS ? 2 * wait_ns : CIRCUIT_WAIT_MAX_NS;
    }
}

static void failures_that_were_under_way_change_no_wait(void **state)
{
    struct circuit c = {0};
    (void)state;

    open_it(&c, 0);
    fails(&c, CIRCUIT_YES, CIRCUIT_WAIT_MIN_NS / 2);
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MIN_NS), CIRCUIT_PROBE);
    fails(&c, CIRCUIT_YES, CIRCUIT_WAIT_MIN_NS); /* nor does it let a second probe through */
    assert_int_equal(circuit_enter(&c, CIRCUIT_WAIT_MAX_NS), CIRCUIT_NO);
}

static void says_what_failed_since_when_and_when_it_is_tried_again(void **state)
{
    scoped(buf_done) struct buf text = {.max = KIB};
    char since[CLOCK_TEXT_MAX], wanted[200];
    struct circuit c = {0};
    uint64_t first_ns = clock_wall_ns() - 5 * NS_PER_S;
    (void)state;

    (void)snprintf(wanted, sizeof(wanted), "hangs since %.8s",
                   clock_rfc3339(first_ns, since) + sizeof("2026-11-21"));
    circuit_failed(&c, CIRCUIT_YES, &hangs, 0, first_ns);
    assert_int_equal(circuit_explain(&c, 0, &text), 0);
    assert_string_equal(text.data, wanted);

    open_it(&c, 0);
    buf_clear(&text);
    (void)snprintf(wanted + strlen(wanted), 100, "; next try in 1 s");
    assert_int_equal(circuit_explain(&c, 0, &text), 0);
    assert_string_equal(text.data, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(lets_one_probe_through_when_the_wait_is_over),
        cmocka_unit_test(waits_twice_as_long_after_each_probe_up_to_a_limit),
        cmocka_unit_test(failures_that_were_under_way_change_no_wait),
        cmocka_unit_test(says_what_failed_since_when_and_when_it_is_tried_again),
    };
    return cmocka_run_group_tests_name("circuit", tests, NULL, NULL);
}
