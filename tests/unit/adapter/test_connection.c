// SPDX-License-Identifier: MIT
/* What prometheus-adapter's flags make of a request. */
#include "files.h"

#include "adapter/rules/connection.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[40];
static struct endpoint *endpoint;
static struct source_request request;
static struct err err;

static int start(void **state)
{
    (void)state;
    strcpy(path, "/tmp/swell-connection-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    endpoint = NULL;
    request = (struct source_request){0};
    err = (struct err){0};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    source_request_done(&request);
    endpoint_unref(endpoint);
    (void)unlink(path);
    return 0;
}

static void write_kubeconfig(const char *user)
{
    char text[600];

    (void)snprintf(text, sizeof(text),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
                   " clusters: [{name: k, cluster: {server: 'https://elsewhere',"
                   " certificate-authority: /etc/k.crt}}], users: [{name: u, user: {%s}}]}",
                   user);
    write_file(path, text);
}

static void make_request(struct connection_options *o)
{
    if (connection_from_options(o, &endpoint, &err) < 0 ||
        endpoint_request(endpoint, "/api", NULL, 0, &request, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_kubeconfigs_credentials_go_to_the_url_of_the_flag(void **state)
{
    struct connection_options o = {.url = "https://prometheus:9091", .auth_config = path};
    (void)state;

    write_kubeconfig("token: t0ken, client-certificate: /etc/u.crt, client-key: /etc/u.key");
    make_request(&o);
    assert_string_equal(request.call.url, "https://prometheus:9091/api");
    assert_string_equal(request.call.bearer, "t0ken");
    assert_string_equal(request.call.ca_file, "/etc/k.crt");
    assert_string_equal(request.call.cert_file, "/etc/u.crt");
    assert_string_equal(request.call.key_file, "/etc/u.key");
    assert_false(request.call.insecure_skip_verify);
    connection_options_done(&o);
}

static void flags_about_one_thing_win_over_the_account(void **state)
{
    char token[] = "/tmp/swell-token-XXXXXX";
    struct connection_options o = {.url = "https://prometheus",
                                   .auth_config = path,
                                   .ca_file = "/etc/own.crt",
                                   .token_file = token};
    scoped(close_at) int fd = mkstemp(token);
    (void)state;

    assert_int_equal(write(fd, "own", 3), 3);
    write_kubeconfig("token: t0ken");
    make_request(&o);
    assert_string_equal(request.call.bearer, "own");
    assert_string_equal(request.call.ca_file, "/etc/own.crt");
    connection_options_done(&o);
    (void)unlink(token);
}

static void the_account_is_read_once_and_lasts_for_all_configurations(void **state)
{
    struct connection_options o = {.url = "https://prometheus", .auth_config = path};
    (void)state;

    write_kubeconfig("token: t0ken");
    make_request(&o);
    endpoint_unref(endpoint);
    endpoint = NULL;
    source_request_done(&request);
    write_file(path, "not any more");
    make_request(&o);
    assert_string_equal(request.call.bearer, "t0ken");
    connection_options_done(&o);
}

static void a_post_takes_what_no_address_takes(void **state)
{
    static char query[70 * 1000];
    const struct label parameter = {"query", query};
    (void)state;

    memset(query, 'x', sizeof(query) - 1);
    for (int verb = 0; verb < 2; verb++) {
        struct connection_options o = {.url = "https://prometheus", .verb = verb};
        assert_int_equal(connection_from_options(&o, &endpoint, &err), 0);
        int r = endpoint_request(endpoint, "/api", &parameter, 1, &request, &err);
        assert_int_equal(r, verb ? 0 : -EINVAL);
        assert_int_equal(request.call.body_len, verb ? strlen("query=") + strlen(query) : 0);
        source_request_done(&request);
        endpoint_unref(endpoint);
        endpoint = NULL;
    }
    assert_non_null(strstr(err.text, "longer than 65536 bytes"));
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
    const struct {
        struct connection_options o;
        const char *sentence;
    } cases[] = {
        {{.url = "http://p", .auth_config = path}, "plain HTTP"},
        {{.url = "http://p", .auth_in_cluster = true}, "plain HTTP"},
        {{.url = "https://p", .auth_in_cluster = true, .auth_config = path}, "say two things"},
        {{.url = "https://p", .auth_config = "/nonexistent"}, "--prometheus-auth-config"},
        {{.ca_file = "/x"}, "--prometheus-url"},
        {{.auth_in_cluster = true}, "--prometheus-url"},
        {{.verb = 1}, "--prometheus-url"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct connection_options o = cases[i].o;
        assert_true(connection_from_options(&o, &endpoint, &err) < 0);
        if (!strstr(err.text, cases[i].sentence))
            fail_msg("case %zu says '%s'", i, err.text);
        connection_options_done(&o);
    }
    assert_null(endpoint);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(a_kubeconfigs_credentials_go_to_the_url_of_the_flag),
        each(flags_about_one_thing_win_over_the_account),
        each(the_account_is_read_once_and_lasts_for_all_configurations),
        each(a_post_takes_what_no_address_takes),
        each(what_cannot_be_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
