// SPDX-License-Identifier: MIT
#include "wire.h"

#include "http/listen.h"

#include <fcntl.h>

static void port_0_picks_a_free_one(void **state)
{
    uint16_t a = 0, b = 0;
    struct err err = {0};
    scoped(close_at) int first = listen_tcp("127.0.0.1", 0, &a, &err);
    scoped(close_at) int second = listen_tcp("127.0.0.1", 0, &b, &err);
    (void)state;

    assert_true(first >= 0 && second >= 0);
    assert_true(a > 0 && b > 0 && a != b);
    scoped(close_at) int client = wire_connect(a);
    assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
}

static void a_port_in_use_is_named(void **state)
{
    uint16_t port = 0, other = 77;
    struct err err = {0};
    char wanted[100];
    scoped(close_at) int first = listen_tcp("127.0.0.1", 0, &port, &err);
    scoped(close_at) int second = listen_tcp("127.0.0.1", port, &other, &err);
    (void)state;

    assert_true(first >= 0);
    assert_int_equal(second, -EADDRINUSE);
    (void)snprintf(wanted, sizeof(wanted), "cannot listen on 127.0.0.1:%u: Address already in use",
                   port);
    assert_string_equal(err.text, wanted);
    assert_int_equal(other, 77);
}

static void only_numeric_addresses_are_taken(void **state)
{
    static const char *const bad[] = {"localhost", "", "127.0.0.1:80", "256.1.1.1", "[::1]"};
    uint16_t port = 0;
    struct err err = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(listen_tcp(bad[i], 0, &port, &err), -EINVAL);
    assert_string_equal(err.text, "'[::1]' is not a numeric IP address");
    assert_int_equal(listen_tcp(NULL, 0, &port, &err), -EINVAL);
}

static void a_foreign_address_is_refused(void **state)
{
    uint16_t port = 0;
    struct err err = {0};
    (void)state;

    assert_int_equal(listen_tcp("192.0.2.1", 0, &port, &err), -EADDRNOTAVAIL);
    assert_string_equal(err.text, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

static void the_ipv6_wildcard_takes_ipv4_too(void **state)
{
    uint16_t port = 0;
    struct err err = {0};
    scoped(close_at) int fd = listen_tcp("::", 0, &port, &err);
    (void)state;

    if (fd == -EAFNOSUPPORT)
        return; /* a kernel without IPv6 has nothing to test here */
    assert_true(fd >= 0);
    scoped(close_at) int client = wire_connect(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_picks_a_free_one),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(only_numeric_addresses_are_taken),
        cmocka_unit_test(a_foreign_address_is_refused),
        cmocka_unit_test(the_ipv6_wildcard_takes_ipv4_too),
    };
    return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
