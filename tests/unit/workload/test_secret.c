// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/secret.h"

static void names_and_addresses_tell(void **state)
{
    static const char *const secrets[][2] = {
        {"DB_PASSWORD", "x"},    {"aws_secret_access_key", "x"},
        {"GITHUB_TOKEN", "x"},   {"Authorization", "Basic x"},
        {"Cookie", "a=b"},       {"X-Api-Key", "x"},
        {"PGPASSFILE_PWD", "x"}, {"DATABASE_URL", "postgres://me:word@db/shop"}};
    (void)state;

    for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
        if (!secret_looks_like_one(secrets[i][0], secrets[i][1]))
            fail_msg("%s is shown", secrets[i][0]);
}

static void the_rest_is_shown(void **state)
{
    (void)state;
    assert_false(secret_looks_like_one("PATH", "/usr/bin:/bin"));
    assert_false(secret_looks_like_one("QUEUE_URL", "http://queue:8080/"));
    assert_false(secret_looks_like_one("MAIL", "me@example.org"));
    assert_false(secret_looks_like_one("", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_tell),
        cmocka_unit_test(the_rest_is_shown),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
