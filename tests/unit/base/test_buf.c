// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void grows_up_to_its_maximum_and_not_a_byte_further(void **state)
{
    scoped(buf_done) struct buf b = {.max = 1000};
    (void)state;

    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_append(&b, "x", 1), 0);
    assert_int_equal(b.len, 1000);
    assert_int_equal(buf_append(&b, "y", 1), -E2BIG);
    assert_int_equal(b.len, 1000);
    assert_int_equal(strlen(b.data), 1000);
    assert_int_equal(buf_append(&b, "", 0), 0);
}

static void is_untouched_by_what_does_not_fit(void **state)
{
    scoped(buf_done) struct buf b = {.max = 5};
    (void)state;

    assert_int_equal(buf_puts(&b, "abc"), 0);
    assert_int_equal(buf_puts(&b, "def"), -E2BIG);
    assert_int_equal(buf_printf(&b, "%d", 123), -E2BIG);
    assert_string_equal(b.data, "abc");
    assert_int_equal(buf_printf(&b, "%d", 12), 0);
    assert_string_equal(b.data, "abc12");
}

static void with_maximum_zero_nothing_fits(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;

    assert_int_equal(buf_puts(&b, "a"), -E2BIG);
    assert_null(b.data);
    assert_int_equal(buf_puts(&b, ""), 0);
    assert_string_equal(b.data, "");
}

static void a_boundless_maximum_is_not_a_trap(void **state)
{
    scoped(buf_done) struct buf b = {.max = SIZE_MAX};
    (void)state;

    assert_int_equal(buf_puts(&b, "abc"), 0);
    assert_string_equal(b.data, "abc");
    assert_int_equal(buf_append(&b, "", SIZE_MAX / 2), -ENOMEM);
    assert_int_equal(buf_append(&b, "", SIZE_MAX - 1), -E2BIG);
    assert_string_equal(b.data, "abc");
}

static void keeps_nul_bytes_inside(void **state)
{
    scoped(buf_done) struct buf b = {.max = 10};
    (void)state;

    assert_int_equal(buf_append(&b, "a\0b", 3), 0);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 4);
}

static void consumes_from_the_front(void **state)
{
    scoped(buf_done) struct buf b = {.max = 10};
    (void)state;

    buf_consume(&b, 0); /* also while it holds nothing */
    (void)buf_puts(&b, "abcdef");
    buf_consume(&b, 2);
    assert_string_equal(b.data, "cdef");
    buf_consume(&b, 4);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
}

static void clear_forgets_and_leaves_room(void **state)
{
    scoped(buf_done) struct buf b = {.max = 3};
    (void)state;

    buf_clear(&b);
    (void)buf_puts(&b, "abc");
    buf_clear(&b);
    assert_string_equal(b.data, "");
    assert_int_equal(buf_puts(&b, "def"), 0);
}

static void take_hands_out_and_starts_over(void **state)
{
    scoped(buf_done) struct buf b = {.max = 5};
    size_t len = 99;
    (void)state;

    scoped(free_at) char *empty = buf_take(&b, &len);
    assert_string_equal(empty, "");
    assert_int_equal(len, 0);

    (void)buf_puts(&b, "abcde");
    scoped(free_at) char *text = buf_take(&b, &len);
    assert_string_equal(text, "abcde");
    assert_int_equal(len, 5);
    assert_null(b.data);
    assert_int_equal(buf_puts(&b, "xyz"), 0);
    assert_int_equal(b.max, 5);
}

static void write_file(char path[32], size_t len)
{
    strcpy(path, "/tmp/swell-buf-XXXXXX");
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    for (size_t i = 0; i < len; i++)
        (void)fputc('a' + (int)(i % 26), f);
    assert_int_equal(fclose(f), 0);
}

static void reads_a_whole_file(void **state)
{
    scoped(buf_done) struct buf b = {.max = 10000};
    struct err err = {0};
    char path[32];
    (void)state;

    write_file(path, 10000);
    assert_int_equal(buf_read_file(&b, path, &err), 0);
    assert_int_equal(b.len, 10000);
    assert_int_equal(b.data[9999], 'a' + 9999 % 26);
    (void)unlink(path);
}

static void names_the_file_that_it_cannot_read(void **state)
{
    scoped(buf_done) struct buf b = {.max = 99};
    struct err err = {0};
    char path[32], wanted[100];
    (void)state;

    assert_int_equal(buf_read_file(&b, "/nonexistent", &err), -ENOENT);
    assert_string_equal(err.text, "cannot open '/nonexistent': No such file or directory");
    assert_int_equal(buf_read_file(&b, "/tmp", &err), -EISDIR);
    assert_string_equal(err.text, "cannot read '/tmp': Is a directory");

    write_file(path, 100);
    assert_int_equal(buf_read_file(&b, path, &err), -E2BIG);
    (void)snprintf(wanted, sizeof(wanted), "'%s' is larger than 99 bytes", path);
    assert_string_equal(err.text, wanted);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_maximum_and_not_a_byte_further),
        cmocka_unit_test(is_untouched_by_what_does_not_fit),
        cmocka_unit_test(with_maximum_zero_nothing_fits),
        cmocka_unit_test(a_boundless_maximum_is_not_a_trap),
        cmocka_unit_test(keeps_nul_bytes_inside),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(clear_forgets_and_leaves_room),
        cmocka_unit_test(take_hands_out_and_starts_over),
        cmocka_unit_test(reads_a_whole_file),
        cmocka_unit_test(names_the_file_that_it_cannot_read),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
