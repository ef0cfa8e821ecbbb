// SPDX-License-Identifier: MIT
#include "adapter/api/usage_fed.h"

#include "adapter/api/read.h"
#include "adapter/usage_feed.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/selector.h"
#include "kube/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES (32 * KIB)
#define GROUP_VERSION RESOURCE_GROUP "/v1beta1"

struct fed_read { /* a request while its values are waited for */
    uint64_t max_age_ns;
    bool of_nodes, pretty;
    char *namespace, *name; /* NULL: all */
    struct selector *selector;
};

static void fed_read_free(void *arg)
{
    struct fed_read *f = arg;

    selector_free(f->selector);
    free(f->namespace);
    free(f->name);
    free(f);
}

/* ---- the answer ---- */

static bool is_wanted(const struct fed_read *f, const struct sample *s)
{
    if (f->namespace && strcmp(f->namespace, sample_label(s, USAGE_NAMESPACE)) != 0)
        return false;
    if (f->name && strcmp(f->name, sample_label(s, USAGE_NAME)) != 0)
        return false;
    json_auto_t *labels = json_loads(sample_label(s, USAGE_LABELS), 0, NULL);
    return selector_matches(f->selector, labels);
}

struct found {
    json_t *items;
    size_t too_old;
    uint64_t least_age_ns; /* of those that are too old */
};

static int find(const struct fed_read *f, const struct samples *samples, struct found *ret)
{
    uint64_t now_ns = clock_wall_ns();

    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct sample *s = samples_at(samples, i);
        uint64_t age_ns = now_ns > s->measured_wall_ns ? now_ns - s->measured_wall_ns : 0;
        if (!is_wanted(f, s))
            continue;
        if (age_ns <= f->max_age_ns) {
            if (json_array_append_new(ret->items, json_loads(sample_label(s, USAGE_ITEM), 0, NULL)))
                return -1;
            continue;
        }
        if (ret->too_old++ == 0 || age_ns < ret->least_age_ns)
            ret->least_age_ns = age_ns;
    }
    return 0;
}

static const char *kind(const struct fed_read *f)
{
    return f->of_nodes ? "nodes" : "pods";
}

static struct http_reply refuse_old(const struct fed_read *f, const struct read_result *result,
                                    const struct found *found)
{
    char age[CLOCK_TEXT_MAX], limit[CLOCK_TEXT_MAX];

    return status_replyf(
        503, "usage of %s%s%.253s: what %s says was measured %s ago or earlier, limit %s", kind(f),
        f->name ? " " : "", f->name ? f->name : "", query_source(result->query)->shown_as,
        clock_duration(found->least_age_ns / NS_PER_S * NS_PER_S, age),
        clock_duration(f->max_age_ns, limit));
}

/* Takes items. */
static struct http_reply reply_items(const struct fed_read *f, json_t *items)
{
    if (!f->name)
        return read_reply_json(f->pretty,
                               json_pack("{s:s, s:s, s:{}, s:o}", "kind",
                                         f->of_nodes ? "NodeMetricsList" : "PodMetricsList",
                                         "apiVersion", GROUP_VERSION, "metadata", "items", items));
    json_auto_t *one = json_incref(json_array_get(items, 0));
    json_decref(items);
    if (!one)
        return status_not_found(RESOURCE_GROUP, kind(f), f->name);
    json_auto_t *named = json_pack("{s:s, s:s}", "kind", f->of_nodes ? "NodeMetrics" : "PodMetrics",
                                   "apiVersion", GROUP_VERSION);
    if (json_object_update(named, one) < 0)
        return json_reply(500, NULL);
    return read_reply_json(f->pretty, json_incref(named));
}

static struct http_reply too_old(const struct fed_read *f, const struct read_result *result,
                                 uint64_t now_ns)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};

    if (reading_explain(result->reading, f->of_nodes ? "usage of nodes" : "usage of pods",
                        query_source(result->query), f->max_age_ns, now_ns, &why) < 0)
        return json_reply(500, NULL);
    return status_reply(503, why.data);
}

static struct http_reply reply_fed(const void *context, const struct read_result *results,
                                   size_t count)
{
    const struct fed_read *f = context;
    uint64_t now_ns = clock_mono_ns();
    enum reading_state state = reading_state(results->reading, f->max_age_ns, now_ns);
    struct found found = {0};

    (void)count;
    if (state != READING_FRESH && state != READING_HELD)
        return too_old(f, results, now_ns);
    found.items = json_array();
    if (!found.items || find(f, results->reading->samples, &found) < 0) {
        json_decref(found.items);
        return json_reply(500, NULL);
    }
    if (found.too_old && json_array_size(found.items) == 0) {
        json_decref(found.items);
        return refuse_old(f, results, &found);
    }
    return reply_items(f, found.items);
}

/* ---- what is asked for ---- */

struct http_reply usage_fed_serve(const struct metrics_api *api, const struct http_request *r,
                                  bool of_nodes, const char *namespace, const char *name)
{
    const char *selector = http_query(r, "labelSelector");
    struct query *query = of_nodes ? api->feeds->nodes_usage : api->feeds->pods_usage;
    struct http_reply refusal;
    struct err err = {0};

    if (!read_is_possible(r, &refusal))
        return refusal;
    if (!query)
        return status_replyf(404, "there is no usage feed of %s", of_nodes ? "nodes" : "pods");
    struct fed_read *f = calloc(1, sizeof(*f));
    if (!f)
        return json_reply(500, NULL);
    *f = (struct fed_read){.max_age_ns = api->feeds->usage_max_age_ns,
                           .of_nodes = of_nodes,
                           .pretty = read_is_pretty(r),
                           .namespace = namespace ? strdup(namespace) : NULL,
                           .name = name ? strdup(name) : NULL};
    int result = selector_parse(selector && !name ? selector : "", &f->selector, &err);
    if (result == 0 && (!namespace || f->namespace) && (!name || f->name)) {
        query = query_hold(query);
        return read_start(r, &query, 1, reply_fed, f, fed_read_free);
    }
    fed_read_free(f);
    return result < 0 ? status_replyf(400, "labelSelector: %s", err.text) : json_reply(500, NULL);
}
