// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/options.h"
#include "lab/images.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The build puts empty programs of the built-in names beside this test. */

static int init(struct images *images, const char *row, struct err *e)
{
    const struct opt_list more = {.values = {row}, .count = row ? 1 : 0};

    return images_init(images, &more, e);
}

static void knows_our_own_images_by_any_reference(void **state)
{
    static const char *const references[] = {"hpa-example", "registry.k8s.io/hpa-example",
                                             "registry.k8s.io:443/hpa-example:latest",
                                             "hpa-example@sha256:0123"};
    struct images images = {0};
    (void)state;

    assert_int_equal(init(&images, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        const struct image *image = images_find(&images, references[i]);
        assert_non_null(image);
        assert_string_equal(image->name, "hpa-example");
        assert_string_equal(image->args[0], "serve");
        assert_string_equal(image->args[1], "--loop=php-apache");
        assert_null(image->args[2]);
    }
    assert_null(images_find(&images, "hpa-example2"));
    assert_null(images_find(&images, "hpa-exampl"));
    assert_null(images_find(&images, ""));
    images_done(&images);
}

static void a_flag_wins_over_a_built_in_row(void **state)
{
    struct images images = {0};
    char names[200];
    (void)state;

    assert_int_equal(init(&images, "hpa-example=/bin/sh -c true", NULL), 0);
    assert_string_equal(images_find(&images, "hpa-example")->program, "/bin/sh");
    assert_string_equal(images_find(&images, "hpa-example")->args[1], "true");
    assert_non_null(strstr(images_names(&images, names, sizeof(names)), "swell-load, hpa-example"));
    assert_string_equal(images_names(&images, names, 6), "hpa-e"); /* cut */
    images_done(&images);
}

static void makes_every_program_absolute(void **state)
{
    struct images images = {0};
    (void)state;

    assert_int_equal(chdir("/usr"), 0);
    assert_int_equal(init(&images, "shell=./bin/sh", NULL), 0);
    assert_string_equal(images_find(&images, "shell")->program, "/usr/./bin/sh");
    assert_int_equal(images_find(&images, "hpa-example")->program[0], '/');
    images_done(&images);
}

static void refuses_rows_that_make_no_sense(void **state)
{
    static const struct {
        const char *row, *says;
        int code;
    } cases[] = {
        {"shell", "NAME=PROGRAM", -EINVAL},
        {"=/bin/sh", "NAME=PROGRAM", -EINVAL},
        {"shell=", "NAME=PROGRAM", -EINVAL},
        {"shell= ", "image 'shell' names no program", -EINVAL},
        {"shell=/nonexistent/sh", "'/nonexistent/sh' for image 'shell' is not there", -EINVAL},
        {"shell=/bin/sh 1 2 3 4 5 6 7 8 9", "more than 8 arguments", -E2BIG},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct images images = {0};
        struct err e = {0};
        assert_int_equal(init(&images, cases[i].row, &e), cases[i].code);
        if (!strstr(e.text, cases[i].says))
            fail_msg("'%s' says '%s'", cases[i].row, e.text);
        images_done(&images);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_our_own_images_by_any_reference),
        cmocka_unit_test(a_flag_wins_over_a_built_in_row),
        cmocka_unit_test(makes_every_program_absolute),
        cmocka_unit_test(refuses_rows_that_make_no_sense),
    };
    return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
