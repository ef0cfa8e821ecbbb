// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "http/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[32];

static int write_hosts(void **state)
{
    static const char text[] =
        "127.0.0.2 web-headless # two pods\n"
        "127.0.0.3:9000 web-headless other\n"
        "127.0.0.4:3128 redis:6379\n"
        "127.0.0.5 redis\n"
        "[::1]:81 six\n"
        "::1 six\n"
        "nonsense broken.invalid\n127.0.0.1:0 broken.invalid\n127.0.0.1:99999 broken.invalid\n";
    (void)state;

    strcpy(path, "/tmp/swell-hosts-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return -1;
    (void)close(fd);
    return setenv("SWELL_HOSTS", path, 1);
}

static int remove_hosts(void **state)
{
    (void)state;
    (void)unsetenv("SWELL_HOSTS");
    return unlink(path);
}

static void assert_is(const struct resolved *r, const char *address, int port)
{
    assert_string_equal(r->address, address);
    assert_int_equal(r->port, port);
}

static void a_name_may_have_several_addresses(void **state)
{
    struct resolved r[4];
    (void)state;

    assert_int_equal(resolve("web-headless", 8080, r, 4, NULL), 2);
    assert_is(&r[0], "127.0.0.2", 8080);
    assert_is(&r[1], "127.0.0.3", 9000);
    assert_int_equal(resolve("web-headless", 8080, r, 1, NULL), 1);
    assert_int_equal(resolve("other", 1, r, 4, NULL), 1);
}

static void a_line_with_the_port_comes_before_those_without(void **state)
{
    struct resolved r[4];
    (void)state;

    assert_int_equal(resolve("redis", 6379, r, 4, NULL), 1);
    assert_is(&r[0], "127.0.0.4", 3128);
    assert_int_equal(resolve("redis", 6380, r, 4, NULL), 1);
    assert_is(&r[0], "127.0.0.5", 6380);
}

static void ipv6_has_brackets_when_a_port_follows(void **state)
{
    struct resolved r[4];
    (void)state;

    assert_int_equal(resolve("six", 80, r, 4, NULL), 2);
    assert_is(&r[0], "::1", 81);
    assert_is(&r[1], "::1", 80);
}

static void numbers_need_no_file(void **state)
{
    struct resolved r[4];
    (void)state;

    assert_int_equal(resolve("127.0.0.9", 80, r, 4, NULL), 1);
    assert_is(&r[0], "127.0.0.9", 80);
}

static void a_name_without_an_address_is_an_error_with_its_name(void **state)
{
    struct resolved r[4];
    struct err err = {0};
    (void)state;

    assert_int_equal(resolve("broken.invalid", 80, r, 4, &err), -EHOSTUNREACH);
    assert_non_null(strstr(err.text, "'broken.invalid'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_may_have_several_addresses),
        cmocka_unit_test(a_line_with_the_port_comes_before_those_without),
        cmocka_unit_test(ipv6_has_brackets_when_a_port_follows),
        cmocka_unit_test(numbers_need_no_file),
        cmocka_unit_test(a_name_without_an_address_is_an_error_with_its_name),
    };
    return cmocka_run_group_tests_name("resolve", tests, write_hosts, remove_hosts);
}
