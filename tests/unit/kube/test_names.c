// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/names.h"

#include "base/scoped.h"

#include <string.h>

static void says_what_a_name_may_be(void **state)
{
    static const struct {
        const char *text;
        bool label, dns_label, subdomain;
    } rows[] = {
        {"", false, false, false},         {"a", true, true, true},
        {"0", true, true, true},           {"web-1", true, true, true},
        {"web.1", true, false, true},      {"a_b", true, false, false},
        {"Web", true, false, false},       {"-a", false, false, false},
        {"a-", false, false, false},       {"a.", false, false, false},
        {".a", false, false, false},       {"a..b", true, false, false},
        {"a.-b", true, false, false},      {"a-.b", true, false, false},
        {"a--b.c", true, false, true},     {"a b", false, false, false},
        {"\xc3\xa4", false, false, false},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i].text);
        if (names_is_label(rows[i].text, len) != rows[i].label ||
            names_is_dns_label(rows[i].text, len) != rows[i].dns_label ||
            names_is_dns_subdomain(rows[i].text, len) != rows[i].subdomain)
            fail_msg("'%s'", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_a_name_may_be)};
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
