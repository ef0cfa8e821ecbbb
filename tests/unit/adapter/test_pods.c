// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/sources/pods.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "http/client.h"
#include "http/server.h"

#include <errno.h>

#define SOURCE(fields) "{pods: {namespace: shop, " fields "}}"
#define COUNTER "# TYPE jobs_total counter\njobs_total "

/* ---- pods, and who knows them ---- */

#define PAGES_MAX 2
static const char *pages[PAGES_MAX]; /* of the pods at /0 and /1; NULL: 500 */
static struct http_server *server;

static struct http_reply serve(void *app, const struct http_request *r)
{
    const char *page = pages[strcmp(r->path, "/1") == 0];

    (void)app;
    return page ? http_reply_text(200, page) : http_reply_text(500, "");
}

static const struct http_route rows[] = {{"GET", "/{page}", serve, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};

static int start(void **state)
{
    const struct http_server_config config = {
        .address = "127.0.0.1", .routes = &routes, .routes_count = 1};
    struct err err = {0};

    (void)state;
    if (http_client_setup() < 0 || http_server_start(&server, &config, &err) < 0)
        return -1;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    http_client_teardown();
    return 0;
}

static const char *uids; /* of the pods that there are, one letter each */
static size_t many;      /* so many instead */

static int find(void *arg, const struct pod_choice *choice, uint64_t deadline_ns,
                struct pod_list *ret, struct err *err)
{
    size_t count = many ? many : uids ? strlen(uids) : 0;

    (void)arg;
    (void)deadline_ns;
    assert_string_equal(choice->namespace, "shop");
    if (!uids)
        return err_set(err, -EAGAIN, "nobody has said so");
    ret->items = calloc(count + 1, sizeof(*ret->items));
    for (; ret->count < count; ret->count++) {
        struct pod *pod = &ret->items[ret->count];
        pod->name = strdup("web");
        assert_true(asprintf(&pod->uid, "%04zu", many ? ret->count : (size_t)uids[ret->count]) > 0);
        (void)snprintf(pod->host, sizeof(pod->host), "127.0.0.1:%u", http_server_port(server));
    }
    return 0;
}

struct asked { /* a query that is polled */
    struct source *source;
    struct source_poll poll;
    struct samples *samples;
    struct err err;
};

static struct asked query(const char *yaml)
{
    struct asked a = {.source = make_source(yaml), .poll.pods.find = find};

    a.poll.memory = calloc(1, a.source->kind->memory_size);
    many = 0;
    return a;
}

static int ask(struct asked *a)
{
    samples_unref(a->samples);
    a->samples = samples_new();
    a->err = (struct err){0};
    a->poll.started_ns = clock_mono_ns();
    return a->source->kind->ask(a->source, &a->poll, a->samples, &a->err);
}

static void query_done(struct asked *a)
{
    samples_unref(a->samples);
    a->source->kind->memory_done(a->poll.memory);
    free(a->poll.memory);
    source_unref(a->source);
}

static void fails_with(struct asked *a, int code, const char *sentence)
{
    assert_int_equal(ask(a), code);
    assert_string_equal(a->err.text, sentence);
}

/* ---- tests ---- */

static void a_pods_value_is_the_sum_of_its_series(void **state)
{
    struct asked a = query(SOURCE("service: web, path: /0, metric: depth"));
    (void)state;

    uids = "ab";
    pages[0] = "depth{q=\"a\"} 3\ndepth{q=\"b\"} 0.5\nother 9\n";
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 2);
    assert_int_equal(samples_at(a.samples, 1)->value_milli, 3500);
    assert_string_equal(sample_label(samples_at(a.samples, 1), "pod"), "web");
    assert_string_equal(sample_label(samples_at(a.samples, 1), "namespace"), "shop");
    pages[0] = "other 9\n";
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 0);
    query_done(&a);
}

static void a_restart_and_a_replaced_pod_have_no_negative_rate(void **state)
{
    struct asked a = query(SOURCE("service: web, path: /0, metric: jobs_total"));
    (void)state;

    uids = "a";
    pages[0] = COUNTER "1000000\n";
    assert_int_equal(ask(&a), SOURCE_NOT_YET);
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_at(a.samples, 0)->value_milli, 0);
    pages[0] = COUNTER "3\n"; /* the container restarted */
    assert_int_equal(ask(&a), 0);
    assert_null(samples_at(a.samples, 0)->fault);
    assert_true(samples_at(a.samples, 0)->value_milli > 0);
    pages[0] = COUNTER "2000000000\n"; /* another pod under the name */
    uids = "b";
    assert_int_equal(ask(&a), SOURCE_NOT_YET);
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_at(a.samples, 0)->value_milli, 0);
    query_done(&a);
}

static void pods_that_are_new_have_no_rate_yet_and_keep_nobody_waiting(void **state)
{
    struct asked a = query(SOURCE("service: web, path: /0, metric: jobs_total"));
    (void)state;

    uids = "a";
    pages[0] = COUNTER "1\n";
    assert_int_equal(ask(&a), SOURCE_NOT_YET);
    uids = "ab";
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 1);
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 2);
    uids = "b";
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 1);
    query_done(&a);
}

static void when_no_pod_can_be_read_the_poll_has_failed(void **state)
{
    struct asked a = query(SOURCE("service: web, path: /1, metric: depth"));
    (void)state;

    uids = "ab";
    pages[1] = NULL;
    fails_with(&a, -EIO, "has no value: none of its 2 pods can be read (web answers 500)");
    pages[1] = "depth NaN\n";
    fails_with(&a, -EIO,
               "has no value: none of its 2 pods can be read (web has a value that is not a "
               "number (NaN))");
    query_done(&a);
}

static void too_many_pods_and_no_list_are_errors(void **state)
{
    struct asked a = query(SOURCE("selector: app=web, path: /0, metric: depth"));
    (void)state;

    uids = "";
    pages[0] = "depth 1\n";
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), 0);
    many = PODS_MAX;
    assert_int_equal(ask(&a), 0);
    assert_int_equal(samples_count(a.samples), PODS_MAX);
    many = PODS_MAX + 1;
    fails_with(&a, -E2BIG, "has 501 pods, and no more than 500 are asked");
    uids = NULL;
    fails_with(&a, -EAGAIN, "has no list of pods: nobody has said so");
    a.poll.pods.find = NULL;
    fails_with(&a, -EAGAIN,
               "has no list of pods: there is no API server to ask which pods there are "
               "(--lister-kubeconfig)");
    query_done(&a);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("metric: depth"),
                   "s.yaml:1: source.pods takes either service or selector");
    refuses_source(SOURCE("service: a, selector: b=c, metric: depth"),
                   "s.yaml:1: source.pods takes either service or selector");
    refuses_source(SOURCE("service: A, metric: depth"),
                   "s.yaml:1: source.pods.service takes lower-case letters, digits and -, not "
                   "'A'");
    refuses_source(SOURCE("service: a, metric: depth, port: 70000"),
                   "s.yaml:1: source.pods.port takes a whole number from 1 to 65535, not 70000");
    refuses_source(SOURCE("service: a, metric: depth, port: 'a b'"),
                   "s.yaml:1: source.pods.port takes a number or the name of a port");
    refuses_source(SOURCE("service: a, metric: depth, path: metrics"),
                   "s.yaml:1: source.pods.path takes a path such as /metrics");
    refuses_source(SOURCE("service: a, metric: depth, path: '/a b'"),
                   "s.yaml:1: source.pods.path takes a path such as /metrics");
    refuses_source(SOURCE("service: a, metric: depth, url: 'http://a'"),
                   "s.yaml:1: there is no field 'url' in source.pods");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pods_value_is_the_sum_of_its_series),
        cmocka_unit_test(a_restart_and_a_replaced_pod_have_no_negative_rate),
        cmocka_unit_test(pods_that_are_new_have_no_rate_yet_and_keep_nobody_waiting),
        cmocka_unit_test(when_no_pod_can_be_read_the_poll_has_failed),
        cmocka_unit_test(too_many_pods_and_no_list_are_errors),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("pods", tests, start, stop);
}
