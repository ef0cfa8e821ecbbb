// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/go_flags.h"

#define ARGS_MAX 8

static void every_flag_has_two_dashes(void **state)
{
    static const struct {
        char *given[ARGS_MAX], *wanted[ARGS_MAX]; /* end with NULL */
    } cases[] = {
        {{"consume", "-port=8080"}, {"consume", "--port=8080"}},
        {{"consume", "-port", "8080", "-log-level", "debug"},
         {"consume", "--port", "8080", "--log-level", "debug"}},
        {{"consume", "--port=8080", "-help"}, {"consume", "--port=8080", "--help"}},
        {{"consume", "-n", "-1", "-", ""}, {"consume", "-n", "-1", "-", ""}},
        {{"consume", "-x=y", "-1s"}, {"consume", "-x=y", "-1s"}},
        {{"consume", "-port=1", "--", "-port=2"}, {"consume", "--port=1", "--", "-port=2"}},
        {{NULL}, {NULL}},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *given[ARGS_MAX];
        int count = 0;
        for (; cases[i].given[count]; count++)
            given[count] = cases[i].given[count];
        scoped(free_at) char **list = go_flags_new(count, given);
        assert_non_null(list);
        for (int k = 0; k < count; k++)
            assert_string_equal(list[k], cases[i].wanted[k]);
        assert_null(list[count]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_flag_has_two_dashes)};
    return cmocka_run_group_tests_name("go_flags", tests, NULL, NULL);
}
