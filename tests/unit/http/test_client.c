// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"
#include "http/client.h"
#include "http/listen.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

static struct http_reply echo(void *app, const struct http_request *r)
{
    const char *type = http_header(r, "Content-Length"), *expect = http_header(r, "Expect");
    const char *own = http_header(r, "X-Own"), *host = http_header(r, "Host");
    (void)app;

    return http_reply_printf(200, "%s %s length=%s expect=%s own=%s host=%.5s body=%s", r->method,
                             r->path, type ? type : "none", expect ? expect : "none",
                             own ? own : "none", host ? host : "none", r->body);
}

static struct http_reply authorization(void *app, const struct http_request *r)
{
    const char *value = http_header(r, "Authorization");
    (void)app;

    return http_reply_text(200, value ? value : "none");
}

static struct http_reply no_room(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(503, "no room\nsecond line\n");
}

static struct http_reply redirect(void *app, const struct http_request *r)
{
    struct http_reply reply = http_reply_text(302, "elsewhere");
    (void)app;
    (void)r;
    reply.headers[0] = (struct http_pair){"Location", "/echo"};
    return reply;
}

static struct http_reply thousand(void *app, const struct http_request *r)
{
    static const char body[1000];
    (void)app;
    (void)r;
    return http_reply_static(200, "x/y", body, sizeof(body));
}

static const struct http_route rows[] = {{NULL, "/echo", echo, ""},
                                         {"GET", "/authorization", authorization, ""},
                                         {"GET", "/fail", no_room, ""},
                                         {"GET", "/redirect", redirect, ""},
                                         {"GET", "/thousand", thousand, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static uint16_t port;

static int start(void **state)
{
    (void)state;
    server = wire_start(&routes, (struct http_server_config){0});
    port = http_server_port(server);
    return http_client_setup();
}

static int stop(void **state)
{
    (void)state;
    http_client_teardown();
    return http_server_stop(server, 0) == 0 ? 0 : -1;
}

static struct http_client *client;
static struct err err;
static struct buf body;
static int status;

static int make_client(void **state)
{
    (void)state;
    client = http_client_new();
    err = (struct err){0};
    body = (struct buf){.max = 64 * KIB};
    status = -1;
    return client ? 0 : -1;
}

static int drop_client(void **state)
{
    (void)state;
    http_client_free(client);
    buf_done(&body);
    return 0;
}

static const char *at(const char *path)
{
    static char url[128];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    return url;
}

static void call(struct http_call c, const char *wanted)
{
    buf_clear(&body);
    if (http_client_call(client, &c, &body, &status, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(status, 200);
    assert_string_equal(body.data ? body.data : "", wanted);
}

static void gets_by_default(void **state)
{
    (void)state;
    call((struct http_call){.url = at("/echo")},
         "GET /echo length=none expect=none own=none host=127.0 body=");
    assert_string_equal(err.text, "");
}

static void sends_method_headers_and_body(void **state)
{
    (void)state;
    call((struct http_call){.method = "PUT",
                            .url = at("/echo"),
                            .headers = {"X-Own: yes"},
                            .body = "abcdef",
                            .body_len = 3},
         "PUT /echo length=3 expect=none own=yes host=127.0 body=abc");
    call((struct http_call){.method = "DELETE", .url = at("/echo")},
         "DELETE /echo length=none expect=none own=none host=127.0 body=");
}

static void a_bearer_is_sent_and_forgotten(void **state)
{
    (void)state;
    call((struct http_call){.url = at("/authorization"), .bearer = "abc.def-_~+/="},
         "Bearer abc.def-_~+/=");
    call((struct http_call){.url = at("/authorization")}, "none");
}

static void a_name_and_password_are_sent_as_basic_and_forgotten(void **state)
{
    (void)state;
    call((struct http_call){.url = at("/authorization"),
                            .username = "Aladdin",
                            .password = "open:sesame"},
         "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==");
    call((struct http_call){.url = at("/authorization")}, "none");
}

static void a_bearer_that_would_begin_another_header_is_not_sent(void **state)
{
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        const char *const bad[] = {"abc\r\nX-Own: yes", "ab cd", "abc\n"};
        const struct http_call wrong = {.url = at("/authorization"), .bearer = bad[i]};
        assert_int_equal(http_client_call(client, &wrong, &body, &status, &err), -EINVAL);
        assert_null(strstr(err.text, "ab"));
    }
}

static void a_post_without_a_body_announces_none(void **state)
{
    (void)state;
    call((struct http_call){.method = "POST", .url = at("/echo")},
         "POST /echo length=0 expect=none own=none host=127.0 body=");
}

static void head_does_not_wait_for_a_body(void **state)
{
    uint64_t before_ns = clock_mono_ns();
    (void)state;
    call((struct http_call){.method = "HEAD", .url = at("/echo")}, "");
    assert_true(clock_mono_ns() - before_ns < 3 * NS_PER_S);
    call((struct http_call){.url = at("/echo")}, /* and the next request is a GET again */
         "GET /echo length=none expect=none own=none host=127.0 body=");
}

static void any_status_is_an_answer_and_redirects_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(
        http_client_call(client, &(struct http_call){.url = at("/fail")}, &body, &status, &err), 0);
    assert_int_equal(status, 503);
    assert_int_equal(
        http_client_call(client, &(struct http_call){.url = at("/redirect")}, &body, &status, &err),
        0);
    assert_int_equal(status, 302);
}

static void get_wants_a_2xx(void **state)
{
    (void)state;
    (void)buf_puts(&body, "before:");
    assert_int_equal(http_client_get(client, at("/fail"), 0, &body, &err), -EBADMSG);
    assert_string_equal(err.text, "answers 503: no room");
    buf_clear(&body);
    assert_int_equal(http_client_get(client, at("/echo"), 0, &body, &err), 0);
    assert_memory_equal(body.data, "GET /echo", 9);
}

static void a_body_beyond_the_limit_is_e2big(void **state)
{
    (void)state;
    body.max = 999;
    assert_int_equal(http_client_get(client, at("/thousand"), 0, &body, &err), -E2BIG);
    assert_string_equal(err.text, "the answer has more than 999 bytes");
    buf_clear(&body);
    body.max = 1000;
    assert_int_equal(http_client_get(client, at("/thousand"), 0, &body, &err), 0);
    assert_int_equal(body.len, 1000);
}

static void a_peer_that_says_nothing_is_a_timeout(void **state)
{
    uint16_t silent = 0;
    scoped(close_at) int fd = listen_tcp("127.0.0.1", 0, &silent, NULL);
    char url[64];
    uint64_t before_ns = clock_mono_ns();
    (void)state;

    assert_true(fd >= 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", silent);
    assert_int_equal(http_client_get(client, url, 100 * NS_PER_MS, &body, &err), -ETIMEDOUT);
    assert_true(strlen(err.text) > 0);
    assert_in_range(clock_mono_ns() - before_ns, 99 * NS_PER_MS, 4 * NS_PER_S);
    assert_int_equal(http_client_get(client, url, 1, &body, &err), -ETIMEDOUT);
}

static void the_longest_timeout_is_not_the_shortest(void **state)
{
    (void)state;
    assert_int_equal(http_client_get(client, at("/echo"), UINT64_MAX, &body, &err), 0);
}

static void nobody_there_is_refused(void **state)
{
    uint16_t closed = 0;
    char url[64];
    int fd = listen_tcp("127.0.0.1", 0, &closed, NULL);
    (void)state;

    (void)close(fd);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", closed);
    assert_int_equal(http_client_get(client, url, 0, &body, &err), -ECONNREFUSED);
    assert_int_equal(status, -1);
}

static void a_name_that_does_not_exist_is_unreachable(void **state)
{
    (void)state;
    /* RFC 6761, section 6.4: .invalid never resolves. */
    assert_int_equal(http_client_get(client, "http://nobody.invalid/", 0, &body, &err),
                     -EHOSTUNREACH);
    assert_non_null(strstr(err.text, "nobody.invalid"));
}

static void what_is_no_http_url_is_invalid(void **state)
{
    static const char *const bad[] = {
        "http://a b/", "ftp://127.0.0.1/",        "file:///etc/passwd",
        "http://",     "http://127.0.0.1:99999/", ""};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (http_client_get(client, bad[i], 0, &body, &err) != -EINVAL)
            fail_msg("'%s': %s", bad[i], err.text);
}

static void credentials_stay_out_of_reasons(void **state)
{
    char url[128];
    (void)state;

    (void)snprintf(url, sizeof(url), "http://user:s3cret@nobody.invalid/?token=s3cret");
    assert_int_equal(http_client_get(client, url, 0, &body, &err), -EHOSTUNREACH);
    assert_null(strstr(err.text, "s3cret"));
}

static void hosts_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/swell-hosts-XXXXXX");
    int fd = mkstemp(path);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    (void)setenv("SWELL_HOSTS", path, 1);
}

static int get_named(const char *name)
{
    struct http_client *c = http_client_new();
    char url[128];

    (void)snprintf(url, sizeof(url), "http://%s:%u/echo", name, port);
    buf_clear(&body);
    int r = http_client_get(c, url, 0, &body, &err);
    http_client_free(c);
    return r;
}

static void swell_hosts_names_addresses(void **state)
{
    char path[32];
    (void)state;

    hosts_file(path, "# a comment\n\n127.0.0.1\tqueue.invalid other.invalid # not.invalid\r\n"
                     "nonsense\n127.0.0.1 last.invalid");
    assert_int_equal(get_named("queue.invalid"), 0);
    assert_non_null(strstr(body.data, "host=queue"));
    assert_int_equal(get_named("other.invalid"), 0);
    assert_int_equal(get_named("last.invalid"), 0);
    assert_int_equal(get_named("not.invalid"), -EHOSTUNREACH);
    (void)unlink(path);
    (void)unsetenv("SWELL_HOSTS");
    assert_int_equal(get_named("queue.invalid"), -EHOSTUNREACH);
}

static void swell_hosts_takes_ports(void **state)
{
    char path[32], text[128];
    (void)state;

    (void)snprintf(text, sizeof(text), "127.0.0.1:%u web.invalid:80\n127.0.0.1:1 web.invalid\n",
                   port);
    hosts_file(path, text);
    struct http_client *c = http_client_new();
    assert_int_equal(http_client_get(c, "http://web.invalid/echo", 0, &body, &err), 0);
    assert_int_equal(http_client_get(c, "http://web.invalid:81/echo", 0, &body, &err),
                     -ECONNREFUSED);
    http_client_free(c);
    (void)unlink(path);
    (void)unsetenv("SWELL_HOSTS");
}

static void swell_hosts_takes_ipv6(void **state)
{
    static const char *const names[] = {"six.invalid", "b.invalid", "c.invalid"};
    struct http_server *six = NULL;
    char path[32], url[64], text[128];
    const struct http_server_config config = {
        .address = "::1", .routes = &routes, .routes_count = 1};
    (void)state;

    int r = http_server_start(&six, &config, &err);
    if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
        return; /* a machine without IPv6 has nothing to test here */
    assert_int_equal(r, 0);
    (void)snprintf(text, sizeof(text), "::1 six.invalid\n[::1] b.invalid\n[::1]:%u c.invalid\n",
                   http_server_port(six));
    hosts_file(path, text);
    struct http_client *c = http_client_new();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(url, sizeof(url), "http://%s:%u/echo", names[i], http_server_port(six));
        if (http_client_get(c, url, 0, &body, &err) < 0)
            fail_msg("%s: %s", names[i], err.text);
    }
    http_client_free(c);
    (void)unlink(path);
    (void)unsetenv("SWELL_HOSTS");
    (void)http_server_stop(six, 0);
}

static void a_hosts_file_that_is_missing_is_as_good_as_none(void **state)
{
    (void)state;
    (void)setenv("SWELL_HOSTS", "/nonexistent", 1);
    assert_int_equal(get_named("127.0.0.1"), 0);
    (void)unsetenv("SWELL_HOSTS");
}

/* Network sockets only: the socket pair by which libcurl wakes itself is nobody's connection. */
static int inherited_sockets(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    for (struct dirent *e; (e = readdir(dir));) {
        struct sockaddr_storage name = {0};
        socklen_t len = sizeof(name);
        int fd = atoi(e->d_name);
        if (getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.ss_family == AF_INET &&
            !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
            count++;
    }
    (void)closedir(dir);
    return count;
}

static void no_child_inherits_a_connection(void **state)
{
    int before = inherited_sockets();
    (void)state;

    call((struct http_call){.url = at("/echo")},
         "GET /echo length=none expect=none own=none host=127.0 body=");
    assert_int_equal(inherited_sockets(), before);
}

static void the_environments_proxy_is_ignored(void **state)
{
    (void)state;
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    call((struct http_call){.url = at("/echo")},
         "GET /echo length=none expect=none own=none host=127.0 body=");
    (void)unsetenv("http_proxy");
}

#define each(test) cmocka_unit_test_setup_teardown(test, make_client, drop_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        each(gets_by_default),
        each(sends_method_headers_and_body),
        each(a_bearer_is_sent_and_forgotten),
        each(a_name_and_password_are_sent_as_basic_and_forgotten),
        each(a_bearer_that_would_begin_another_header_is_not_sent),
        each(a_post_without_a_body_announces_none),
        each(head_does_not_wait_for_a_body),
        each(any_status_is_an_answer_and_redirects_are_not_followed),
        each(get_wants_a_2xx),
        each(a_body_beyond_the_limit_is_e2big),
        each(a_peer_that_says_nothing_is_a_timeout),
        each(the_longest_timeout_is_not_the_shortest),
        each(nobody_there_is_refused),
        each(a_name_that_does_not_exist_is_unreachable),
        each(what_is_no_http_url_is_invalid),
        each(credentials_stay_out_of_reasons),
        each(swell_hosts_names_addresses),
        each(swell_hosts_takes_ports),
        each(swell_hosts_takes_ipv6),
        each(a_hosts_file_that_is_missing_is_as_good_as_none),
        each(no_child_inherits_a_connection),
        each(the_environments_proxy_is_ignored),
    };
    signals_block();
    return cmocka_run_group_tests_name("client", tests, start, stop);
}
