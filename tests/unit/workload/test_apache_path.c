// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/apache_path.h"

static void index_php_has_more_than_one_name(void **state)
{
    static const char *const served[] = {"/",
                                         "//",
                                         "/index.php",
                                         "/index.php/",
                                         "/index.php/a/b",
                                         "/./",
                                         "/a/..",
                                         "/a/../index.php",
                                         "//index.php",
                                         "/index.php/..",
                                         "/a/b/../../index.php/c"};
    (void)state;

    for (size_t i = 0; i < sizeof(served) / sizeof(*served); i++)
        if (!apache_runs_index(served[i]))
            fail_msg("%s is not served", served[i]);
}

static void what_is_not_in_the_image_is_not_found(void **state)
{
    static const char *const missing[] = {"/index", "/index.php5",  "/Index.php",
                                          "/a",     "/a/index.php", "/..",
                                          "/../",   "/.../",        "/index.php/../a"};
    (void)state;

    for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
        if (apache_runs_index(missing[i]))
            fail_msg("%s is served", missing[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_php_has_more_than_one_name),
        cmocka_unit_test(what_is_not_in_the_image_is_not_found),
    };
    return cmocka_run_group_tests_name("apache_path", tests, NULL, NULL);
}
