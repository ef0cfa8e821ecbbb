// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/go_float.h"

#include <float.h>

static const struct {
    double value;
    const char *text;
} cases[] = {
    {10, "10"},
    {0.5, "0.5"},
    {0, "0"},
    {-0.0, "-0"},
    {-12.25, "-12.25"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1.0 / 3, "0.3333333333333333"},
    {100000, "100000"},
    {123456789, "123456789"},
    {1e20, "100000000000000000000"},
    {123456789012345678901.0, "123456789012345680000"},
    {1e21, "1e+21"},
    {1.5e300, "1.5e+300"},
    {0.0001, "0.0001"},
    {0.00012, "0.00012"},
    {0.00001, "1e-05"},
    {-2.5e-7, "-2.5e-07"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {5e-324, "5e-324"},
};

static void prints_as_go_does(void **state)
{
    char text[GO_FLOAT_TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(go_float(cases[i].value, text), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_as_go_does),
    };
    return cmocka_run_group_tests_name("go_float", tests, NULL, NULL);
}
