// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"

#include <stdlib.h>

static struct gate owed = GATE_INIT;
static struct http_pending *pending;

/* By header: "yes" is let in, "no" is not, "ask" is decided later, by a ticket of one letter. */
static bool admit(void *arg, const struct http_request *r, struct http_reply *ret)
{
    const char *who = http_header(r, "X-Who");
    (void)arg;

    if (r->ticket && *(const char *)r->ticket == 'y')
        return true;
    if (r->ticket) {
        *ret = http_reply_printf(403, "ticket %s", (const char *)r->ticket);
        return false;
    }
    if (who && strcmp(who, "ask") == 0) {
        pending = http_defer(r);
        gate_add(&owed, 1);
        *ret = http_reply_later();
        return false;
    }
    if (who && strcmp(who, "yes") == 0)
        return true;
    *ret = http_reply_text(401, "who are you?");
    return false;
}

static struct http_reply echo(void *app, const struct http_request *r)
{
    (void)app;
    return http_reply_printf(200, "%s body=%s q=%s", r->path, r->body, http_query(r, "q"));
}

static const struct http_route rows[] = {{NULL, "/echo", echo, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static uint16_t port;

static int start(void **state)
{
    (void)state;
    owed.count = 0;
    server = wire_start(&routes, (struct http_server_config){.admit = admit});
    port = http_server_port(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    return 0;
}

static int ask(const char *path, const char *who, struct buf *b)
{
    char request[256];

    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: x\r\nX-Who: %s\r\nConnection: close\r\n\r\n", path,
                   who);
    wire_ask(port, request, b);
    return wire_status(b);
}

static void who_is_not_admitted_meets_no_route(void **state)
{
    struct buf served = {0}, refused = {0}, nowhere = {0};
    (void)state;

    assert_int_equal(ask("/echo?q=1", "yes", &served), 200);
    assert_int_equal(ask("/echo?q=1", "no", &refused), 401);
    assert_string_equal(wire_body(&refused), "who are you?");
    assert_int_equal(ask("/nowhere", "no", &nowhere), 401); /* not even which paths there are */
    buf_done(&served);
    buf_done(&refused);
    buf_done(&nowhere);
}

static void send_post(int fd)
{
    wire_send(fd, "POST /echo?q=2 HTTP/1.1\r\nHost: x\r\nX-Who: ask\r\nContent-Length: 3\r\n"
                  "Connection: close\r\n\r\nabc");
    gate_wait(&owed, 1);
}

static void a_late_yes_serves_the_whole_request(void **state)
{
    scoped(close_at) int fd = wire_connect(port);
    struct buf b = {0};
    (void)state;

    send_post(fd);
    http_pending_retry(pending, strdup("y"));
    (void)wire_read(fd, NULL, &b);
    assert_int_equal(wire_status(&b), 200);
    assert_string_equal(wire_body(&b), "/echo body=abc q=2");
    buf_done(&b);
}

static void a_late_no_is_the_gates_answer(void **state)
{
    scoped(close_at) int fd = wire_connect(port);
    struct buf b = {0};
    (void)state;

    send_post(fd);
    http_pending_retry(pending, strdup("n"));
    (void)wire_read(fd, NULL, &b);
    assert_int_equal(wire_status(&b), 403);
    assert_string_equal(wire_body(&b), "ticket n");
    buf_done(&b);
}

static void a_decision_after_the_end_is_taken_and_freed(void **state)
{
    scoped(close_at) int fd = wire_connect(port);
    (void)state;

    send_post(fd);
    assert_int_equal(http_server_stop(server, 0), 1);
    http_pending_retry(pending, strdup("y"));
    server = NULL;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(who_is_not_admitted_meets_no_route),
        each(a_late_yes_serves_the_whole_request),
        each(a_late_no_is_the_gates_answer),
        each(a_decision_after_the_end_is_taken_and_freed),
    };
    signals_block();
    return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
