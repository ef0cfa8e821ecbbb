// SPDX-License-Identifier: MIT
/* A request to the metrics APIs: the path in the first line, then parameters and headers, one a
 * line ("labelSelector=a", "Accept:b"). Every answer is JSON, errors are Status objects. */
#include "adapter/api/custom.h"
#include "adapter/api/external.h"
#include "adapter/config.h"
#include "adapter/query_private.h"
#include "adapter/rules/rule_set.h"
#include "base/clock.h"
#include "base/scoped.h"

#include <jansson.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char config_text[] =
    "prometheus: {url: 'http://127.0.0.1:1'}\n"
    "externalMetrics:\n"
    "- {name: depth, labels: {queue: jobs}, source: {http: {url: 'http://q/', valuePath: x}}}\n"
    "rules:\n"
    "- seriesQuery: a\n"
    "  resources: {template: <<.Resource>>}\n"
    "  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n"
    "externalRules:\n"
    "- {seriesQuery: b, metricsQuery: 'max(<<.Series>>{<<.LabelMatchers>>})'}\n";

static struct adapter_config config;
static struct feeds feeds;
static struct metrics_api api;
static struct metrics_api_slot slot = {PTHREAD_MUTEX_INITIALIZER, &api};

static int list_objects(void *arg, const struct resource *resource, const char *namespace,
                        const struct selector *selector, bool running, struct names *ret,
                        struct err *err)
{
    (void)arg;
    (void)resource;
    (void)running;
    (void)err;
    return namespace && selector_is_empty(selector) ? names_add(ret, "web-1") : 0;
}

static void changed(void *arg, const struct metric_list *list)
{
    (void)metrics_api_publish(arg, list);
}

/* What Prometheus would have answered to both seriesQuery. */
static void publish_series(struct queries *queries)
{
    const struct label labels[] = {{"__name__", "rps"}, {"namespace", ""}, {"pod", ""}};
    struct samples *samples = samples_new();

    if (!samples || samples_add(samples, &(struct sample){.labels = labels, .label_count = 3}) < 0)
        abort();
    for (struct query *q = queries_take_new(queries); q; q = q->next_new)
        query_publish(q, reading_new(samples, clock_mono_ns(), clock_wall_ns(), 0));
    samples_unref(samples);
}

static void start(void)
{
    struct queries *queries = queries_new();

    if (config_parse("fuzz", config_text, sizeof(config_text) - 1, &config, NULL) < 0 || !queries)
        abort();
    api = (struct metrics_api){
        .refs = 1, .feeds = &feeds, .discovery = discovery_new(), .lister.list = list_objects};
    const struct rule_set_config rules = {.rules = &config.rules,
                                          .prometheus = config.prometheus,
                                          .queries = queries,
                                          .relist_ns = NS_PER_S,
                                          .series_max_age_ns = NS_PER_S,
                                          .changed = changed,
                                          .changed_arg = &api};
    if (feeds_init(&feeds, &config, queries) < 0 || rule_set_start(&api.rules, &rules, NULL) < 0)
        abort();
    publish_series(queries);
    for (struct metric_list *list = rule_set_list(api.rules);; list = rule_set_list(api.rules)) {
        bool is_there = list->object_count > 0;
        metric_list_unref(list);
        if (is_there)
            return;
        (void)sched_yield();
    }
}

static void check(const struct http_reply *reply)
{
    json_auto_t *body = json_loadb(reply->body, reply->body_len, 0, NULL);
    const char *kind = json_string_value(json_object_get(body, "kind"));

    if (reply->status != 304 && (!kind || (strcmp(kind, "Status") == 0) != (reply->status >= 400)))
        abort();
    for (size_t i = 0; i < HTTP_REPLY_HEADERS_MAX && reply->headers[i].name; i++)
        if (strcmp(reply->headers[i].name, "Retry-After") == 0)
            abort();
}

/* Cuts lines into pairs at the separator; returns how many there are. */
static size_t read_pairs(char *lines, char separator, struct http_pair pairs[PAIRS_MAX])
{
    size_t count = 0;
    char *rest = NULL;

    for (char *line = strtok_r(lines, "\n", &rest); line && count < PAIRS_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *at = strchr(line, separator);
        if (!at)
            continue;
        *at = '\0';
        pairs[count++] = (struct http_pair){line, at + 1};
    }
    return count;
}

static void serve(struct http_request *request)
{
    const struct http_routes routes[] = {{external_routes, external_route_count, &slot},
                                         {custom_routes, custom_route_count, &slot},
                                         {discovery_routes, discovery_route_count, api.discovery}};
    struct http_reply reply = http_routes_serve(routes, ARRAY_LEN(routes), request);

    if (reply.content_type && strncmp(reply.content_type, "application/json", 16) == 0)
        check(&reply);
    http_reply_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(free_at) char *text = strndup((const char *)data, size), *again = NULL;
    struct http_pair query[PAIRS_MAX], headers[PAIRS_MAX];
    char *lines = text ? strchr(text, '\n') : NULL;

    if (!text)
        return 0;
    if (!api.rules)
        start();
    if (lines)
        *lines++ = '\0';
    again = lines ? strdup(lines) : NULL;
    struct http_request request = {
        .method = "GET", .path = text, .query = query, .headers = headers};
    request.query_count = lines ? read_pairs(lines, '=', query) : 0;
    request.header_count = again ? read_pairs(again, ':', headers) : 0;
    serve(&request);
    return 0;
}
