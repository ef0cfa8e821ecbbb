// SPDX-License-Identifier: MIT
#include "files.h"

#include "adapter/serving/files.h"
#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[32], cert[64], key[64];
static struct serving_files f;
static uint64_t wait_ns;

static int start(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/swell-files-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(cert, sizeof(cert), "%s/tls.crt", folder);
    (void)snprintf(key, sizeof(key), "%s/tls.key", folder);
    write_file(cert, "cert1");
    write_file(key, "key1");
    f = (struct serving_files){.cert.path = cert, .key.path = key};
    assert_int_equal(serving_files_read(&f, NULL), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    serving_files_done(&f);
    (void)unlink(cert);
    (void)unlink(key);
    (void)rmdir(folder);
    return 0;
}

static void a_change_is_seen_once_and_in_time(void **state)
{
    (void)state;
    assert_false(serving_files_changed(&f, 1, &wait_ns));
    write_file(key, "key2");
    assert_false(serving_files_changed(&f, 2, &wait_ns)); /* not due yet */
    assert_in_range(wait_ns, 1, 10 * NS_PER_S);
    assert_true(serving_files_changed(&f, 2 + wait_ns, &wait_ns));
    assert_string_equal(f.key.pem.data, "key2");
    assert_string_equal(f.cert.pem.data, "cert1");
    assert_false(serving_files_changed(&f, 20 * NS_PER_S, &wait_ns));
}

static void what_is_missing_or_empty_has_not_changed(void **state)
{
    (void)state;
    (void)unlink(key);
    assert_false(serving_files_changed(&f, 1, &wait_ns));
    write_file(key, "");
    assert_false(serving_files_changed(&f, 10 * NS_PER_S, &wait_ns));
    assert_string_equal(f.key.pem.data, "key1");
}

static void a_change_of_one_is_told_when_both_can_be_read(void **state)
{
    (void)state;
    write_file(cert, "cert2");
    (void)unlink(key);
    assert_false(serving_files_changed(&f, 1, &wait_ns));
    write_file(key, "key1");
    assert_true(serving_files_changed(&f, 10 * NS_PER_S, &wait_ns));
    assert_string_equal(f.cert.pem.data, "cert2");
}

static void at_the_first_time_it_is_an_error_that_names_the_file(void **state)
{
    struct serving_files other = {.cert.path = cert, .key.path = "/nonexistent"};
    struct err err = {0};
    (void)state;

    assert_int_equal(serving_files_read(&other, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent"));
    serving_files_done(&other);
    write_file(cert, "");
    other = (struct serving_files){.cert.path = cert, .key.path = key};
    assert_int_equal(serving_files_read(&other, &err), -EINVAL);
    assert_non_null(strstr(err.text, cert));
    serving_files_done(&other);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(a_change_is_seen_once_and_in_time),
        each(what_is_missing_or_empty_has_not_changed),
        each(a_change_of_one_is_told_when_both_can_be_read),
        each(at_the_first_time_it_is_an_error_that_names_the_file),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
