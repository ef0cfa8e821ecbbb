// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/job_text.h"

#include <string.h>

static void a_text_says_what_a_job_costs_and_who_it_is(void **state)
{
    static const struct {
        const char *text, *id;
        double cpu_ms;
    } cases[] = {
        {"{\"cpu_ms\":2.5,\"id\":\"order-1\"}", "order-1", 2.5},
        {"{\"cpu_ms\":0}", "", 0},
        {"7", "", 7},
        {"0.5", "", 0.5},
        {"", "", 20}, /* 20 is the default from here on */
        {"whatever", "", 20},
        {"{\"id\":\"a\"}", "a", 20},
        {"{\"cpu_ms\":-1,\"id\":\"a b\"}", "", 20},
        {"{\"cpu_ms\":60001}", "", 20},
        {"1e999", "", 20},
        {"[5]", "", 20},
        {"\"5\"", "", 20},
        {"{\"cpu_ms\":\"5\"}", "", 20},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct source_job job = {.age_ns = 77};
        job_text_read(cases[i].text, strlen(cases[i].text), 20, &job);
        assert_string_equal(job.id, cases[i].id);
        assert_float_equal(job.cpu_ms, cases[i].cpu_ms, 0);
        assert_int_equal(job.age_ns, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_says_what_a_job_costs_and_who_it_is),
    };
    return cmocka_run_group_tests_name("job_text", tests, NULL, NULL);
}
