// SPDX-License-Identifier: MIT
#include "source_fixture.h"

static void is_always_the_same(void **state)
{
    struct source *source = make_source("{constant: {value: 250m}}");
    struct samples *samples = samples_new();
    (void)state;

    assert_int_equal(source->kind->ask(source, &(struct source_poll){0}, samples, NULL), 0);
    assert_int_equal(samples_count(samples), 1);
    assert_int_equal(samples_at(samples, 0)->value_milli, 250);
    samples_unref(samples);
    source_unref(source);
}

static void refuses_what_is_no_quantity(void **state)
{
    (void)state;
    refuses_source("{constant: {value: many}}",
                   "s.yaml:1: source.constant.value takes a quantity from 0 to "
                   "9223372036854775807m, not 'many'");
    refuses_source("{constant: {}}", "s.yaml:1: source.constant.value is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_always_the_same),
        cmocka_unit_test(refuses_what_is_no_quantity),
    };
    return cmocka_run_group_tests_name("constant", tests, NULL, NULL);
}
