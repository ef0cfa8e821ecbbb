// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "metrics/traceparent.h"

#include <errno.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZERO_TRACE "00000000000000000000000000000000"

static void the_trace_id_is_read(void **state)
{
    static const char *const headers[] = {
        "00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-00",
        "01-" TRACE "-" PARENT "-01",
        "fe-" TRACE "-" PARENT "-01-what a later version adds",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        char id[TRACE_ID_SIZE] = "";
        assert_int_equal(traceparent_read(headers[i], id), 0);
        assert_string_equal(id, TRACE);
    }
}

static void what_breaks_the_rules_is_no_trace(void **state)
{
    static const char *const headers[] = {
        NULL,
        "",
        "00",
        "00-" TRACE,
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01-more",
        "01-" TRACE "-" PARENT "-01more",
        "ff-" TRACE "-" PARENT "-01",
        "0x-" TRACE "-" PARENT "-01",
        "00-" ZERO_TRACE "-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00_" TRACE "_" PARENT "_01",
        "00-\"\\\n92f3577b34da6a3ce929d0e0e4736-" PARENT "-01",
        " 00-" TRACE "-" PARENT "-01",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        char id[TRACE_ID_SIZE] = "untouched";
        assert_int_equal(traceparent_read(headers[i], id), -EINVAL);
        assert_string_equal(id, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trace_id_is_read),
        cmocka_unit_test(what_breaks_the_rules_is_no_trace),
    };
    return cmocka_run_group_tests_name("traceparent", tests, NULL, NULL);
}
