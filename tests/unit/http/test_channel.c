// SPDX-License-Identifier: MIT
#include "tls_server.h"

#include "base/signals.h"
#include "http/channel.h"

#define LONG_BYTES 200000 /* more than one record of TLS, and than a socket takes at once */

static struct http_reply echo_length(void *app, const struct http_request *r)
{
    (void)app;
    return http_reply_printf(200, "%zu bytes", r->body_len);
}

static const struct http_route rows[] = {{"POST", "/", echo_length, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};

static int start(void **state)
{
    (void)state;
    return tls_server_start(&routes);
}

static struct channel *open_channel(void)
{
    struct channel *c = NULL;
    struct err err = {0};

    if (channel_open(&(struct http_call){.url = url, .ca_file = own.cert_file}, &c, &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

static uint64_t soon(void)
{
    return clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;
}

static void send_text(struct channel *c, const char *text, size_t len)
{
    struct err err = {0};

    if (channel_send(c, text, len, soon(), &err) < 0)
        fail_msg("%s", err.text);
}

/* All that comes until the server closes the connection. */
static void receive_all(struct channel *c, struct buf *ret)
{
    struct err err = {0};
    char piece[64];
    size_t len = 0;
    int r;

    ret->max = MIB;
    while ((r = channel_receive(c, piece, sizeof(piece), soon(), &len, &err)) == 0)
        assert_int_equal(buf_append(ret, piece, len), 0);
    assert_int_equal(r, -ECONNRESET);
}

static void carries_bytes_both_ways_to_the_end(void **state)
{
    static const char head[] =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n";
    scoped(buf_done) struct buf answer = {0};
    scoped(free_at) char *body = malloc(LONG_BYTES);
    struct channel *c = open_channel();
    (void)state;

    memset(body, 'x', LONG_BYTES);
    send_text(c, head, strlen(head));
    send_text(c, body, LONG_BYTES);
    receive_all(c, &answer);
    assert_non_null(strstr(answer.data, "200000 bytes"));
    channel_close(c);
}

static void waits_no_longer_than_it_may(void **state)
{
    struct channel *c = open_channel();
    struct err err = {0};
    size_t len = 7;
    char byte;
    (void)state;

    assert_int_equal(channel_receive(c, &byte, 1, clock_mono_ns() + 20 * NS_PER_MS, &len, &err),
                     -ETIMEDOUT);
    assert_int_equal(channel_receive(c, &byte, 1, 0, &len, &err), -ETIMEDOUT);
    assert_int_equal(len, 7);
    channel_close(c);
}

static void servers_that_nobody_vouches_for_are_refused(void **state)
{
    struct channel *c = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(channel_open(&(struct http_call){.url = url}, &c, &err), -EPROTO);
    assert_int_equal(
        channel_open(&(struct http_call){.url = url, .ca_file = other.cert_file}, &c, &err),
        -EPROTO);
    assert_int_equal(channel_open(&(struct http_call){.url = "https://127.0.0.1:1"}, &c, &err),
                     -ECONNREFUSED);
    assert_null(c);
    assert_int_equal(
        channel_open(&(struct http_call){.url = url, .insecure_skip_verify = true}, &c, &err), 0);
    channel_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_bytes_both_ways_to_the_end),
        cmocka_unit_test(waits_no_longer_than_it_may),
        cmocka_unit_test(servers_that_nobody_vouches_for_are_refused),
    };
    signals_block();
    return cmocka_run_group_tests_name("channel", tests, start, tls_server_stop);
}
