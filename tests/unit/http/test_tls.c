// SPDX-License-Identifier: MIT
#include "tls_server.h"

#include "base/signals.h"

#include <fcntl.h>

static struct gate owed = GATE_INIT;
static struct http_pending *pending;

static struct http_reply hello(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(200, "hello");
}

static struct http_reply defer(void *app, const struct http_request *r)
{
    (void)app;
    pending = http_defer(r);
    gate_add(&owed, 1);
    return http_reply_later();
}

/* How many certificates the client showed, and how long its own is. */
static struct http_reply peer(void *app, const struct http_request *r)
{
    (void)app;
    return http_reply_printf(200, "%zu %zu", r->peer_count, r->peer_count ? r->peer[0].len : 0);
}

static const struct http_route rows[] = {
    {"GET", "/peer", peer, ""}, {"GET", "/", hello, ""}, {"GET", "/defer", defer, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};

static int start(void **state)
{
    (void)state;
    return tls_server_start(&routes);
}

static int call(const char *ca_file, const char *where, struct err *err)
{
    scoped(buf_done) struct buf body = {.max = KIB};
    struct http_client *c = http_client_new();
    int status = 0;
    int r = http_client_call(c, &(struct http_call){.url = where, .ca_file = ca_file}, &body,
                             &status, err);

    if (r == 0) {
        assert_int_equal(status, 200);
        assert_string_equal(body.data, "hello");
    }
    http_client_free(c);
    return r;
}

static void a_known_authority_is_accepted(void **state)
{
    struct err err = {0};
    (void)state;

    if (call(own.cert_file, url, &err) < 0)
        fail_msg("%s", err.text);
}

static void an_unknown_authority_is_refused(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(call(NULL, url, &err), -EPROTO);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(call(other.cert_file, url, &err), -EPROTO);
    assert_int_equal(call("/nonexistent.pem", url, &err), -EPROTO);
}

static void anything_is_accepted_where_a_person_wrote_so(void **state)
{
    scoped(buf_done) struct buf body = {.max = KIB};
    struct http_client *c = http_client_new();
    int status = 0;
    (void)state;

    assert_int_equal(http_client_call(c,
                                      &(struct http_call){.url = url, .insecure_skip_verify = true},
                                      &body, &status, NULL),
                     0);
    http_client_free(c);
}

static void ask_peer(struct http_call c, struct buf *body)
{
    struct http_client *client = http_client_new();
    char where[80];
    struct err err = {0};
    int status = 0;

    (void)snprintf(where, sizeof(where), "%speer", url);
    c.url = where;
    c.ca_file = own.cert_file;
    body->max = KIB;
    if (http_client_call(client, &c, body, &status, &err) < 0)
        fail_msg("%s", err.text);
    http_client_free(client);
}

static void the_handler_sees_which_certificate_the_client_showed(void **state)
{
    scoped(buf_done) struct buf with = {0}, without = {0};
    size_t count = 0, len = 0;
    (void)state;

    /* One that this server has no reason to trust: whether it does is the handler's business. */
    ask_peer((struct http_call){.cert_file = other.cert_file, .key_file = other.key_file}, &with);
    assert_int_equal(sscanf(with.data, "%zu %zu", &count, &len), 2);
    assert_int_equal(count, 1);
    assert_in_range(len, 200, 1000);
    ask_peer((struct http_call){0}, &without);
    assert_string_equal(without.data, "0 0");
}

static void a_new_certificate_is_shown_to_new_connections_only(void **state)
{
    scoped(buf_done) struct buf body = {.max = KIB};
    const struct http_call call_old = {.url = url, .ca_file = own.cert_file};
    struct http_client *old = http_client_new();
    struct err err = {0};
    int status = 0;
    (void)state;

    assert_int_equal(http_client_call(old, &call_old, &body, &status, &err), 0);
    assert_int_equal(http_server_set_certificate(server, other.cert.data, other.key.data, &err), 0);
    assert_int_equal(call(other.cert_file, url, &err), 0);
    assert_int_equal(call(own.cert_file, url, &err), -EPROTO);
    assert_int_equal(http_client_call(old, &call_old, &body, &status, &err), 0); /* stays */
    assert_int_equal(http_server_set_certificate(server, own.cert.data, other.key.data, &err),
                     -EINVAL);
    assert_int_equal(call(other.cert_file, url, &err), 0); /* the good one is kept */
    assert_int_equal(http_server_set_certificate(server, own.cert.data, own.key.data, &err), 0);
    http_client_free(old);
}

static void another_hosts_name_is_refused(void **state)
{
    struct err err = {0};
    char where[64];
    (void)state;

    /* The one server listens on 127.0.0.1 only. */
    struct http_server *wide =
        wire_start(&routes, (struct http_server_config){.address = "0.0.0.0",
                                                        .tls_cert_pem = own.cert.data,
                                                        .tls_key_pem = own.key.data});
    (void)snprintf(where, sizeof(where), "https://127.0.0.2:%u/", http_server_port(wide));
    assert_int_equal(call(own.cert_file, where, &err), -EPROTO);
    (void)http_server_stop(wide, 0);
}

static void plain_http_is_not_served(void **state)
{
    scoped(buf_done) struct buf b = {.max = KIB};
    scoped(close_at) int fd = wire_connect(http_server_port(server));
    (void)state;

    wire_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)wire_read(fd, NULL, &b);
    assert_true(!b.data || !strstr(b.data, "hello"));
}

static void versions_before_1_2_are_refused(void **state)
{
    char command[256];
    (void)state;

    (void)snprintf(command, sizeof(command),
                   "openssl s_client -connect 127.0.0.1:%u %s -cipher DEFAULT@SECLEVEL=0"
                   " </dev/null >/dev/null 2>&1",
                   http_server_port(server), "-tls1_1");
    assert_int_not_equal(system(command), 0);
    (void)snprintf(command, sizeof(command),
                   "openssl s_client -connect 127.0.0.1:%u %s -cipher DEFAULT@SECLEVEL=0"
                   " </dev/null >/dev/null 2>&1",
                   http_server_port(server), "-tls1_2");
    assert_int_equal(system(command), 0);
}

static void *asks_and_gives_up(void *arg)
{
    scoped(buf_done) struct buf body = {.max = KIB};
    struct http_client *c = http_client_new();
    char where[80];
    int status;
    (void)arg;

    (void)snprintf(where, sizeof(where), "%sdefer", url);
    int r = http_client_call(
        c, &(struct http_call){.url = where, .ca_file = own.cert_file, .timeout_ns = 3 * NS_PER_S},
        &body, &status, NULL);
    http_client_free(c);
    return (void *)(intptr_t)r;
}

/* Its goodbye (close_notify) is unread data in front of the end. */
static void a_client_that_gives_up_is_noticed(void **state)
{
    pthread_t thread;
    void *result;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, asks_and_gives_up, NULL), 0);
    gate_wait(&owed, 1);
    assert_false(http_pending_client_gone(pending));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((intptr_t)result, -ETIMEDOUT);
    for (int i = 0; i < WIRE_PATIENCE_S * 1000 && !http_pending_client_gone(pending); i++)
        (void)poll(NULL, 0, 1);
    assert_true(http_pending_client_gone(pending));
    http_pending_reply(pending, http_reply_text(200, "for nobody"));
}

static int refused(const char *cert, const char *key, struct err *err)
{
    struct http_server *s = NULL;
    const struct http_server_config config = {.address = "127.0.0.1",
                                              .routes = &routes,
                                              .routes_count = 1,
                                              .tls_cert_pem = cert,
                                              .tls_key_pem = key};
    int r = http_server_start(&s, &config, err);

    assert_null(s);
    return r;
}

static void a_certificate_without_its_key_never_means_plain_http(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(refused(own.cert.data, NULL, &err), -EINVAL);
    assert_int_equal(refused(NULL, own.key.data, &err), -EINVAL);
}

static void a_bad_certificate_is_an_error_and_closes_nothing_twice(void **state)
{
    struct err err = {0};
    (void)state;

    /* Whoever closes the same number twice closes this one, opened in between by the next start. */
    for (int i = 0; i < 10; i++) {
        scoped(close_at) int canary = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(refused("nonsense", own.key.data, &err), -EINVAL);
        assert_int_equal(refused(own.cert.data, other.key.data, &err), -EINVAL);
        assert_true(fcntl(canary, F_GETFD) >= 0);
    }
    assert_non_null(strstr(err.text, "certificate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_authority_is_accepted),
        cmocka_unit_test(an_unknown_authority_is_refused),
        cmocka_unit_test(anything_is_accepted_where_a_person_wrote_so),
        cmocka_unit_test(the_handler_sees_which_certificate_the_client_showed),
        cmocka_unit_test(a_new_certificate_is_shown_to_new_connections_only),
        cmocka_unit_test(another_hosts_name_is_refused),
        cmocka_unit_test(plain_http_is_not_served),
        cmocka_unit_test(versions_before_1_2_are_refused),
        cmocka_unit_test(a_client_that_gives_up_is_noticed),
        cmocka_unit_test(a_certificate_without_its_key_never_means_plain_http),
        cmocka_unit_test(a_bad_certificate_is_an_error_and_closes_nothing_twice),
    };
    signals_block();
    return cmocka_run_group_tests_name("tls", tests, start, tls_server_stop);
}
