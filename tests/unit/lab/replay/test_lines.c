// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/replay/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct fixture { /* a pipe, and the lines that come out of it */
    int in;
    struct lines lines;
};

static struct fixture fixture_new(size_t max)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    return (struct fixture){.in = ends[1], .lines = {.fd = ends[0], .text.max = max}};
}

static void put(const struct fixture *f, const void *text, size_t len)
{
    assert_int_equal(write(f->in, text, len), len);
}

static void end(struct fixture *f)
{
    close(f->in);
    f->in = -1;
}

static void fixture_free(struct fixture *f)
{
    lines_done(&f->lines);
    close(f->lines.fd);
    if (f->in >= 0)
        close(f->in);
}

static void expect(struct fixture *f, const char *wanted, size_t wanted_len)
{
    const char *line;
    size_t len;

    assert_int_equal(lines_next(&f->lines, &line, &len), 1);
    assert_int_equal(len, wanted_len);
    assert_memory_equal(line, wanted, len);
}

static void expect_end(struct fixture *f, int result)
{
    const char *line;
    size_t len;

    assert_int_equal(lines_next(&f->lines, &line, &len), result);
}

static void gives_each_line_as_soon_as_it_is_there(void **state)
{
    struct fixture f = fixture_new(100);
    (void)state;

    put(&f, "one\n\ntw", 7);
    expect(&f, "one", 3);
    expect(&f, "", 0);
    put(&f, "o\nthree", 7);
    expect(&f, "two", 3);
    end(&f);
    expect(&f, "three", 5); /* without an end */
    expect_end(&f, 0);
    expect_end(&f, 0);
    fixture_free(&f);
}

static void takes_any_byte(void **state)
{
    struct fixture f = fixture_new(100);
    (void)state;

    put(&f, "a\0b\n\xff\r\n", 7);
    end(&f);
    expect(&f, "a\0b", 3);
    expect(&f, "\xff\r", 2);
    expect_end(&f, 0);
    fixture_free(&f);
}

static void finds_nothing_in_nothing(void **state)
{
    struct fixture f = fixture_new(100);
    (void)state;

    end(&f);
    expect_end(&f, 0);
    fixture_free(&f);
}

static void refuses_a_line_that_is_too_long(void **state)
{
    struct fixture f = fixture_new(5);
    (void)state;

    put(&f, "1234\n1234\n12345\n", 16);
    expect(&f, "1234", 4);
    expect(&f, "1234", 4);
    expect_end(&f, -E2BIG);
    fixture_free(&f);
}

static void reads_lines_that_are_longer_than_what_is_read_at_once(void **state)
{
    const size_t len = 200 * KIB;
    scoped(free_at) char *text = malloc(2 * len + 2);
    char path[] = "/tmp/swell-lines-XXXXXX";
    scoped(close_at) int fd = mkostemp(path, O_CLOEXEC);
    scoped(lines_done) struct lines l = {.fd = fd, .text.max = MIB};
    const char *line;
    size_t got;
    (void)state;

    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    memset(text, 'a', 2 * len + 2);
    text[len] = text[2 * len + 1] = '\n';
    assert_int_equal(write(fd, text, 2 * len + 2), 2 * len + 2);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lines_next(&l, &line, &got), 1);
        assert_int_equal(got, len);
        assert_memory_equal(line, text, len);
    }
    assert_int_equal(lines_next(&l, &line, &got), 0);
}

static void says_why_it_cannot_read(void **state)
{
    struct lines l = {.fd = -1, .text.max = 100};
    const char *line;
    size_t len;
    (void)state;

    assert_int_equal(lines_next(&l, &line, &len), -EBADF);
    lines_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_line_as_soon_as_it_is_there),
        cmocka_unit_test(takes_any_byte),
        cmocka_unit_test(finds_nothing_in_nothing),
        cmocka_unit_test(refuses_a_line_that_is_too_long),
        cmocka_unit_test(reads_lines_that_are_longer_than_what_is_read_at_once),
        cmocka_unit_test(says_why_it_cannot_read),
    };
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
