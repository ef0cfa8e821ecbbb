// SPDX-License-Identifier: MIT
#include "files.h"

#include "adapter/serving/pem_file.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[32];
static struct pem_file f;

static int start(void **state)
{
    (void)state;
    strcpy(path, "/tmp/swell-pem-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    f = (struct pem_file){.path = path};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pem_file_done(&f);
    (void)unlink(path);
    return 0;
}

static void a_new_content_is_told_once(void **state)
{
    (void)state;
    write_file(path, "first");
    assert_int_equal(pem_file_look(&f, NULL), 1);
    assert_int_equal(pem_file_look(&f, NULL), 0);
    write_file(path, "other"); /* as long as the first */
    assert_int_equal(pem_file_look(&f, NULL), 1);
    assert_string_equal(f.pem.data, "other");
}

static void what_cannot_be_read_leaves_the_last_content(void **state)
{
    struct err err = {0};
    (void)state;

    write_file(path, "good");
    assert_int_equal(pem_file_look(&f, NULL), 1);
    write_file(path, "");
    assert_int_equal(pem_file_look(&f, &err), -EINVAL);
    assert_non_null(strstr(err.text, path));
    (void)unlink(path);
    assert_int_equal(pem_file_look(&f, &err), -ENOENT);
    assert_non_null(strstr(err.text, path));
    assert_string_equal(f.pem.data, "good");
    write_file(path, "good");
    assert_int_equal(pem_file_look(&f, NULL), 0);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(a_new_content_is_told_once),
        each(what_cannot_be_read_leaves_the_last_content),
    };
    return cmocka_run_group_tests_name("pem_file", tests, NULL, NULL);
}
