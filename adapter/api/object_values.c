// SPDX-License-Identifier: MIT
#include "adapter/api/object_values.h"

#include "adapter/api/read.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "kube/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES (32 * KIB)
#define SHOWN_MAX 700
#define API_VERSION_MAX 400

struct found { /* the sample of each name; NULL: none */
    const struct sample **samples;
    size_t twice; /* index of a name that has two, or -1 */
};

static void show(const struct object_read *read, char text[SHOWN_MAX])
{
    const struct resource *r = read->resource;

    (void)snprintf(text, SHOWN_MAX, "%.200s of %s%s%s%s%.64s%s%.200s", read->metric, r->plural,
                   *r->group ? "." : "", r->group, read->namespace ? " in " : "",
                   read->namespace ? read->namespace : "", read->all ? "" : " ",
                   read->all ? "" : read->names.items[0]);
}

/* ---- which sample is whose ---- */

static bool counts(const struct object_read *read, const struct sample *s)
{
    const char *namespace = read->namespace_label ? sample_label(s, read->namespace_label) : NULL;
    json_auto_t *labels = NULL;

    if (read->namespace_label && (!namespace || strcmp(namespace, read->namespace) != 0))
        return false;
    if (!read->selector || selector_is_empty(read->selector))
        return true;
    labels = json_object();
    for (size_t i = 0; i < s->label_count; i++)
        (void)json_object_set_new(labels, s->labels[i].name, json_string(s->labels[i].value));
    return selector_matches(read->selector, labels);
}

static int find_samples(const struct object_read *read, const struct samples *samples,
                        struct found *ret)
{
    const struct names *names = &read->names;

    ret->twice = SIZE_MAX;
    ret->samples = calloc(names->count + 1, sizeof(*ret->samples));
    if (!ret->samples)
        return -ENOMEM;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct sample *s = samples_at(samples, i);
        const char *name = sample_label(s, read->label);
        size_t n = name ? names_position(names, name) : names->count;
        if (n == names->count || !counts(read, s))
            continue;
        if (ret->samples[n])
            ret->twice = n;
        ret->samples[n] = s;
    }
    return 0;
}

/* ---- items ---- */

static json_t *described_object(const struct object_read *read, const char *name)
{
    const struct resource *r = read->resource;
    char version[API_VERSION_MAX];

    (void)snprintf(version, sizeof(version), "%s%s%s", r->group, *r->group ? "/" : "", r->version);
    return json_pack("{s:s, s:s*, s:s, s:s}", "kind", r->kind, "namespace", read->namespace, "name",
                     name, "apiVersion", version);
}

static json_t *item_new(const struct object_read *read, const struct reading *reading,
                        const char *name, const struct sample *s)
{
    char time[CLOCK_TEXT_MAX], value[QUANTITY_TEXT_MAX];

    clock_rfc3339(reading_measured_wall_ns(reading, s), time);
    quantity_format(s->value_milli, value);
    if (read->v1beta2)
        return json_pack("{s:o, s:{s:s, s:n}, s:s, s:s}", "describedObject",
                         described_object(read, name), "metric", "name", read->metric, "selector",
                         "timestamp", time, "value", value);
    return json_pack("{s:o, s:s, s:s, s:s, s:n}", "describedObject", described_object(read, name),
                     "metricName", read->metric, "timestamp", time, "value", value, "selector");
}

static struct http_reply reply_list(const struct object_read *read, const struct reading *reading,
                                    const struct found *found)
{
    json_t *items = json_array();
    int r = items ? 0 : -1;

    for (size_t i = 0; r == 0 && i < read->names.count; i++)
        if (found->samples[i] && !found->samples[i]->fault)
            r = json_array_append_new(
                items, item_new(read, reading, read->names.items[i], found->samples[i]));
    if (r < 0) {
        json_decref(items);
        return json_reply(500, NULL);
    }
    return read_reply_json(
        read->pretty,
        json_pack("{s:s, s:s, s:{}, s:o}", "kind", "MetricValueList", "apiVersion",
                  read->v1beta2 ? "custom.metrics.k8s.io/v1beta2" : "custom.metrics.k8s.io/v1beta1",
                  "metadata", "items", items));
}

/* ---- errors ---- */

static struct http_reply too_old(const struct object_read *read, const struct query *query,
                                 const struct reading *reading, uint64_t now_ns)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    char shown[SHOWN_MAX];

    show(read, shown);
    if (reading_explain(reading, shown, query_source(query), read->max_age_ns, now_ns, &why) < 0)
        return json_reply(500, NULL);
    return status_reply(503, why.data);
}

static struct http_reply ambiguous(const struct object_read *read, const struct query *query,
                                   const char *name)
{
    char shown[SHOWN_MAX];

    show(read, shown);
    return status_replyf(500,
                         "%s: %s answers with several values for '%.253s': the query must group by "
                         "the label '%.200s' alone",
                         shown, query_source(query)->shown_as, name, read->label);
}

/* A fault of one among many is that object's: the HPA takes it for missing, which is careful. Where
 * all are faults, or one alone was asked for, it is said what they are. */
static const struct sample *fault_to_tell(const struct object_read *read, const struct found *found)
{
    const struct sample *fault = NULL;

    for (size_t i = 0; i < read->names.count; i++) {
        if (found->samples[i] && !found->samples[i]->fault)
            return NULL;
        if (found->samples[i])
            fault = found->samples[i];
    }
    return fault;
}

static struct http_reply reply_found(const struct object_read *read, const struct query *query,
                                     const struct reading *reading, const struct found *found)
{
    const char *source = query_source(query)->shown_as;
    const struct sample *fault = fault_to_tell(read, found);
    char shown[SHOWN_MAX];

    if (found->twice != SIZE_MAX)
        return ambiguous(read, query, read->names.items[found->twice]);
    show(read, shown);
    if (fault)
        return status_replyf(503, "%s: %s has a value that is %s", shown, source, fault->fault);
    if (!read->all && !found->samples[0])
        return status_replyf(404, "%s: %s has no series whose label '%.200s' is '%.253s'", shown,
                             source, read->label, read->names.items[0]);
    return reply_list(read, reading, found);
}

struct http_reply object_values_reply(const struct object_read *read, const struct query *query,
                                      const struct reading *reading, uint64_t now_ns)
{
    enum reading_state state = reading_state(reading, read->max_age_ns, now_ns);
    struct found found = {0};

    if (state != READING_FRESH && state != READING_HELD)
        return too_old(read, query, reading, now_ns);
    if (find_samples(read, reading->samples, &found) < 0)
        return json_reply(500, NULL);
    struct http_reply reply = reply_found(read, query, reading, &found);
    free(found.samples);
    return reply;
}
