// SPDX-License-Identifier: MIT
#include "lab/replay/scale.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"
#include "kube/jpath.h"
#include "kube/selector.h"

#include <errno.h>
#include <string.h>

#define WRITES_MAX 5
#define WAIT_NS (10 * NS_PER_MS)
#define SELECTOR_MAX (64 * KIB)

void scale_done(struct scale *s)
{
    free(s->name);
    free(s->selector);
    *s = (struct scale){0};
}

/* --- What a body says --- */

static const char *wrong_replicas(struct client *c, const json_t *value, const char *what)
{
    scoped(free_at) char *number =
        json_is_number(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

    return texts_format(
        &c->decoder.texts,
        "json: cannot unmarshal %s%s%s into Go struct field %s.replicas of type int32",
        decode_go_type(value), number ? " " : "", number ? number : "", what);
}

static const char *read_replicas(struct client *c, const json_t *part, const char *what,
                                 int32_t *ret)
{
    const json_t *value = json_object_get(part, "replicas");
    const json_int_t number = json_integer_value(value);

    if (value && !json_is_null(value) &&
        (!json_is_integer(value) || number > INT32_MAX || number < INT32_MIN))
        return wrong_replicas(c, value, what);
    *ret = (int32_t)number;
    return NULL;
}

/* The selector as it comes out of a LabelSelector object that it was turned into. */
static const char *read_selector(struct client *c, const json_t *status, char **ret)
{
    scoped(buf_done) struct buf text = {.max = SELECTOR_MAX};
    struct selector *selector = NULL;
    struct err err = {0};
    const json_t *labels = jpath(status, "selector");
    const char *given = jpath_str(status, "targetSelector", json_string_value(labels));
    int r = 0;

    if (given && *given)
        r = selector_parse_labels(given, &selector, &err);
    else if (json_is_object(labels)) {
        json_auto_t *object = json_pack("{s:O}", "matchLabels", labels);
        r = selector_from_json(object, &selector, &err);
    }
    if (r == 0 && selector)
        r = selector_format(selector, &text);
    selector_free(selector);
    if (r < 0)
        return texts_format(&c->decoder.texts,
                            "received an object from a /scale endpoint which was not convertible "
                            "to autoscaling Scale: failed to parse target selector: %s",
                            err.text);
    free(*ret);
    *ret = strdup(text.data ? text.data : "");
    return NULL;
}

static const struct decode_kind scale_kinds[] = {
    {"autoscaling/v1", "Scale"},
    {"extensions/v1beta1", "Scale"},
    {"apps/v1beta1", "Scale"},
    {"apps/v1beta2", "Scale"},
    {0},
};

static const char *read_body(struct client *c, struct answer *a, struct scale *ret)
{
    const struct decoded d = decode_known(&c->decoder, a, scale_kinds);
    const char *error = d.error;

    if (!error && strcmp(d.kind, "Scale") != 0) /* the real client ends there */
        error = "received an object from a /scale endpoint which is no Scale";
    if (!error)
        error = read_replicas(c, jpath(d.object, "spec"), "ScaleSpec.spec", &ret->spec_replicas);
    if (!error)
        error = read_replicas(c, jpath(d.object, "status"), "ScaleStatus.status",
                              &ret->status_replicas);
    if (!error)
        error = read_selector(c, jpath(d.object, "status"), &ret->selector);
    if (error)
        return error;
    free(ret->name);
    ret->name = strdup(jpath_str(d.object, "metadata.name", ""));
    return NULL;
}

/* --- Requests --- */

static int build_key(struct client *c, const char *verb, const struct hpa_spec *spec,
                     const struct mapping *m, const char *name)
{
    int r = client_begin_key(c, verb, m->group, m->version, spec->namespace);

    if (r == 0)
        r = client_add_segment(c, m->resource);
    if (r == 0)
        r = client_add_segment(c, name);
    return r == 0 ? client_add_segment(c, "scale") : r;
}

static const char *refuse_name(struct client *c, const char *name)
{
    return *name ? client_refuse(c, "resource name", name) : "resource name may not be empty";
}

static int get(struct client *c, const struct hpa_spec *spec, struct scale *ret)
{
    const char *name = spec->target_name;
    int r = build_key(c, "", spec, ret->mapping, name);
    struct reply reply = {.error = refuse_name(c, name)};

    if (r < 0)
        return r;
    if (!reply.error)
        reply = client_send(c, &(struct request){c->key.data, ret->mapping->resource, name});
    ret->error = reply.error ? reply.error : read_body(c, reply.answer, ret);
    return ret->error || (ret->name && ret->selector) ? 0 : -ENOMEM;
}

static const char *map_target(struct client *c, const struct hpa_spec *spec,
                              const struct mapping **ret)
{
    char group[256];
    size_t len;

    if (!mapping_group(spec->target_api_version, &len))
        return texts_format(&c->decoder.texts, "unexpected GroupVersion string: %s",
                            spec->target_api_version);
    (void)snprintf(group, sizeof(group), "%.*s", (int)len, spec->target_api_version);
    *ret = mapping_find(group, spec->target_kind);
    return *ret ? NULL
                : texts_format(&c->decoder.texts, "no matches for kind \"%s\" in group \"%s\"",
                               spec->target_kind, group);
}

int scale_read(struct client *c, const struct hpa_spec *spec, struct scale *ret)
{
    *ret = (struct scale){0};
    ret->error = map_target(c, spec, &ret->mapping);
    return ret->error ? 0 : get(c, spec, ret);
}

/* --- Writing --- */

static struct reply put(struct client *c, const struct hpa_spec *spec, const struct scale *s)
{
    const struct mapping *m = s->mapping;
    struct scale echo = {0};
    struct reply reply = {.error = refuse_name(c, s->name)};

    if (!m->scalable)
        reply.error = texts_format(
            &c->decoder.texts,
            "could not find proper group-version for scale subresource of %s/%s, Resource=%s: "
            "could not find scale subresource for %s/%s, Resource=%s in discovery information",
            m->group, m->version, m->resource, m->group, m->version, m->resource);
    if (reply.error)
        return reply;
    if (build_key(c, "PUT ", spec, m, s->name) < 0)
        return (struct reply){.error = "out of memory"};

    reply = client_send(c, &(struct request){c->key.data, m->resource, s->name});
    if (!reply.error && reply.answer)
        reply.error = read_body(c, reply.answer, &echo);
    scale_done(&echo);
    return reply;
}

/* After each failure the scale is read again, so that the next write is of what is there now. */
int scale_write(struct client *c, const struct hpa_spec *spec, struct scale *s,
                const char **ret_error, uint64_t *ret_waited_ns)
{
    *ret_waited_ns = 0;
    for (int i = 1;; i++) {
        const struct reply reply = put(c, spec, s);
        *ret_error = reply.error;
        if (!reply.error)
            return 0;
        int r = get(c, spec, s);
        if (r < 0 || !reply.conflict || i == WRITES_MAX)
            return r;
        *ret_waited_ns += WAIT_NS;
    }
}
