// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/memfile.h"

#include <fcntl.h>
#include <string.h>

static void its_name_gives_the_bytes_again_and_again(void **state)
{
    struct memfile m = {.fd = -1};
    (void)state;

    assert_int_equal(memfile_init(&m, "a\0key", 5, NULL), 0);
    for (int i = 0; i < 2; i++) {
        struct buf b = {.max = 100};
        assert_int_equal(buf_read_file(&b, m.path, NULL), 0);
        assert_int_equal(b.len, 5);
        assert_memory_equal(b.data, "a\0key", 5);
        buf_done(&b);
    }
    memfile_done(&m);
}

static void no_child_inherits_it(void **state)
{
    struct memfile m = {.fd = -1};
    (void)state;

    assert_int_equal(memfile_init(&m, "x", 1, NULL), 0);
    assert_true(fcntl(m.fd, F_GETFD) & FD_CLOEXEC);
    memfile_done(&m);
}

static void it_is_gone_once_done(void **state)
{
    struct memfile m = {.fd = -1};
    (void)state;

    assert_int_equal(memfile_init(&m, "x", 1, NULL), 0);
    int fd = m.fd;
    memfile_done(&m);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_string_equal(m.path, "");
    memfile_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_name_gives_the_bytes_again_and_again),
        cmocka_unit_test(no_child_inherits_it),
        cmocka_unit_test(it_is_gone_once_done),
    };
    return cmocka_run_group_tests_name("memfile", tests, NULL, NULL);
}
