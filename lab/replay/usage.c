// SPDX-License-Identifier: MIT
#include "lab/replay/usage.h"

#include "base/clock.h"
#include "kube/amount.h"
#include "lab/replay/grow.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64 /* of a quantity, a time or a window */

struct last { /* a text that was read, and what it says */
    struct json_text text;
    uint64_t ns;
};

struct reading {
    struct json_walk w;
    const struct hpa_metric *metric;
    struct usage *usage;
    char *name;               /* where the next one goes */
    struct last time, window; /* which are the same for most pods */
    bool odd;                 /* not of the usual form */
};

struct item { /* of the list */
    const char *pod;
    struct hpa_sample sample;
    bool missing; /* some container has not got the resource */
    bool found;   /* some container has */
};

void usage_done(struct usage *u)
{
    free(u->samples);
    free(u->names);
    *u = (struct usage){0};
}

/* What stands between the quotes of the next value; odd when it is no plain string. */
static struct json_text take_string(struct reading *r)
{
    struct json_text text;

    if (!json_walk_string(&r->w, &text)) {
        r->odd = true;
        return (struct json_text){"", 0};
    }
    r->odd |= !json_text_is_plain(text);
    return (struct json_text){text.at + 1, text.len - 2};
}

static const char *terminated(struct reading *r, struct json_text t, char text[TEXT_MAX])
{
    const size_t len = t.len < TEXT_MAX ? t.len : 0;

    r->odd |= t.len >= TEXT_MAX;
    memcpy(text, t.at, len);
    text[len] = '\0';
    return text;
}

/* A time or a duration. */
static uint64_t take_ns(struct reading *r, int parse(const char *text, uint64_t *ret_ns),
                        struct last *last)
{
    const struct json_text t = take_string(r);
    char text[TEXT_MAX];

    if (last->text.at && t.len == last->text.len && memcmp(t.at, last->text.at, t.len) == 0)
        return last->ns;
    r->odd |= parse(terminated(r, t, text), &last->ns) < 0;
    last->text = t;
    return last->ns;
}

static bool is(struct json_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static const char *keep_name(struct reading *r, struct json_text text)
{
    char *name = r->name;

    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    r->name += text.len + 1;
    return name;
}

/* Sets found and *ret if the resource is among them; all must be quantities. */
static void read_resources(struct reading *r, bool *ret_found, int64_t *ret)
{
    struct json_text key;
    struct amount amount;
    char text[TEXT_MAX];

    if (!json_walk_object(&r->w))
        r->odd = true;
    while (!r->odd && json_walk_member(&r->w, &key)) {
        if (amount_parse(terminated(r, take_string(r), text), &amount) < 0) {
            r->odd = true;
        } else if (json_text_is(key, r->metric->name)) {
            *ret_found = true;
            *ret = amount_milli(&amount);
        }
    }
}

static void add_container(const struct reading *r, struct json_text name, bool has, int64_t milli,
                          struct item *item)
{
    const char *wanted = r->metric->container;

    if (wanted && (item->found || item->missing || !is(name, wanted)))
        return; /* the first of that name counts */
    if (!has)
        item->missing = true;
    else
        item->sample.milli = (int64_t)((uint64_t)item->sample.milli + (uint64_t)milli);
    item->found |= has;
}

static void read_container(struct reading *r, struct item *item)
{
    struct json_text key, name = {"", 0};
    int64_t milli = 0;
    bool has = false;

    if (!json_walk_object(&r->w))
        r->odd = true;
    while (!r->odd && json_walk_member(&r->w, &key)) {
        if (json_text_is(key, "name"))
            name = take_string(r);
        else if (json_text_is(key, "usage"))
            read_resources(r, &has, &milli);
        else
            (void)json_walk_value(&r->w);
    }
    add_container(r, name, has, milli, item);
}

static void read_metadata(struct reading *r, struct item *item)
{
    struct json_text key;

    if (!json_walk_object(&r->w))
        r->odd = true;
    while (!r->odd && json_walk_member(&r->w, &key)) {
        if (json_text_is(key, "name"))
            item->pod = keep_name(r, take_string(r));
        else
            (void)json_walk_value(&r->w);
    }
}

static void read_item_member(struct reading *r, struct json_text key, struct item *item)
{
    if (json_text_is(key, "metadata")) {
        read_metadata(r, item);
    } else if (json_text_is(key, "timestamp")) {
        item->sample.time_ns = take_ns(r, clock_parse_rfc3339, &r->time);
    } else if (json_text_is(key, "window")) {
        item->sample.window_ns = take_ns(r, clock_parse_duration, &r->window);
    } else if (json_text_is(key, "containers")) {
        r->odd |= !json_walk_list(&r->w);
        while (!r->odd && json_walk_element(&r->w))
            read_container(r, item);
    } else {
        (void)json_walk_value(&r->w);
    }
}

static void read_item(struct reading *r)
{
    struct item item = {.pod = ""};
    struct json_text key;

    if (!json_walk_object(&r->w))
        r->odd = true;
    while (!r->odd && json_walk_member(&r->w, &key))
        read_item_member(r, key, &item);
    r->usage->items++;
    if (!item.found || item.missing)
        return;
    if (grow(&r->usage->samples, r->usage->count, sizeof(*r->usage->samples)) < 0) {
        r->odd = true;
        return;
    }
    item.sample.pod = item.pod;
    r->usage->samples[r->usage->count++] = item.sample;
}

static void read_list(struct reading *r)
{
    bool kind = false, version = false;
    struct json_text key;

    r->odd = !json_walk_object(&r->w);
    while (!r->odd && json_walk_member(&r->w, &key)) {
        if (json_text_is(key, "kind")) {
            kind = is(take_string(r), "PodMetricsList");
        } else if (json_text_is(key, "apiVersion")) {
            version = is(take_string(r), "metrics.k8s.io/v1beta1");
        } else if (json_text_is(key, "items")) {
            r->odd |= r->usage->items > 0 || !json_walk_list(&r->w);
            while (!r->odd && json_walk_element(&r->w))
                read_item(r);
        } else {
            (void)json_walk_value(&r->w);
        }
    }
    r->odd |= !kind || !version;
}

bool usage_read(struct json_text body, const struct hpa_metric *metric, struct usage *ret)
{
    struct reading r = {.w = json_walk_begin(body, NULL), .metric = metric, .usage = ret};

    *ret = (struct usage){.names = malloc(body.len + 1)};
    if (!ret->names)
        return false;
    r.name = ret->names;
    read_list(&r);
    if (r.odd || json_walk_end(&r.w) < 0) {
        usage_done(ret);
        return false;
    }
    return true;
}
