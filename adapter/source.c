// SPDX-License-Identifier: MIT
#include "adapter/source.h"

#include "adapter/sources/constant.h"
#include "adapter/sources/cron.h"
#include "adapter/sources/endpoint.h"
#include "adapter/sources/exposition.h"
#include "adapter/sources/http_json.h"
#include "adapter/sources/kafka.h"
#include "adapter/sources/nats.h"
#include "adapter/sources/pods.h"
#include "adapter/sources/prometheus.h"
#include "adapter/sources/rabbitmq.h"
#include "adapter/sources/redis.h"
#include "adapter/sources/swell_queue.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct source_kind *const source_kinds[] = {
    &http_json_kind, &prometheus_kind,  &exposition_kind, &pods_kind,     &rabbitmq_kind,
#ifdef SWELL_REDIS
    &redis_kind,
#endif
#ifdef SWELL_KAFKA
    &kafka_kind,
#endif
    &nats_kind,      &swell_queue_kind, &cron_kind,       &constant_kind, NULL,
};

/* ---- requests ---- */

char *source_request_keep(struct source_request *r, char *text)
{
    if (text && r->text_count < SOURCE_REQUEST_TEXTS_MAX)
        return r->texts[r->text_count++] = text;
    free(text);
    return NULL;
}

void source_request_done(struct source_request *r)
{
    for (size_t i = 0; i < r->text_count; i++) {
        explicit_bzero(r->texts[i], strlen(r->texts[i])); /* maybe a password */
        free(r->texts[i]);
    }
    *r = (struct source_request){0};
}

/* ---- life ---- */

struct source *source_ref(struct source *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void source_unref(struct source *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->kind->done)
        s->kind->done(s->settings);
    free(s->shown_as);
    free(s->key);
    free(s);
}

static struct source *make(const struct source_kind *kind)
{
    struct source *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->kind = kind;
    s->timeout_ns = SOURCE_TIMEOUT_DEFAULT_NS;
    return s;
}

struct source *source_new(const struct source_kind *kind, void *settings, const char *shown_as,
                          const char *key, uint64_t timeout_ns)
{
    struct source *s = make(kind);

    if (!s) {
        if (kind->done)
            kind->done(settings);
        return NULL;
    }
    s->settings = settings;
    s->shown_as = strdup(shown_as);
    s->key = strdup(key);
    s->timeout_ns = timeout_ns;
    if (s->shown_as && s->key)
        return s;
    source_unref(s);
    return NULL;
}

/* ---- configuration ---- */

static const struct source_kind *find_kind(const char *name)
{
    for (size_t i = 0; source_kinds[i]; i++)
        if (strcmp(source_kinds[i]->name, name) == 0)
            return source_kinds[i];
    return NULL;
}

static void list_kinds(char *text, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; source_kinds[i] && len < size; i++)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "", source_kinds[i]->name);
}

/* The one kind that is there, or NULL. */
static const struct source_kind *kind_of(const json_t *mapping)
{
    void *first = json_object_iter((json_t *)(uintptr_t)mapping);

    return first && json_object_size(mapping) == 1 ? find_kind(json_object_iter_key(first)) : NULL;
}

/* Secrets may be anywhere in the settings, so that the key is made of a hash of all of them. It is
 * not made to withstand somebody who writes the configuration. */
static int make_key(const struct strict *s, const json_t *mapping, struct source *source)
{
    scoped(free_at) char *text = json_dumps(mapping, JSON_COMPACT | JSON_SORT_KEYS);

    if (text && !source->key &&
        asprintf(&source->key, "%s %016" PRIx64, source->kind->name, hash_text(HASH_START, text)) <
            0)
        source->key = NULL;
    return source->key ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

int source_read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source **ret)
{
    const struct source_kind *kind = kind_of(mapping);
    char at[STRICT_PATH_MAX], names[256];

    if (!kind) {
        list_kinds(names, sizeof(names));
        return strict_refuse(s, path, "%s takes a mapping with one of %s", path, names);
    }
    const json_t *settings = json_object_get(mapping, kind->name);
    struct source *source = make(kind);
    if (!source)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = kind->read_config(s, settings, strict_path(at, path, kind->name), source);
    if (r == 0)
        r = make_key(s, settings, source);
    if (r == 0)
        *ret = source;
    else
        source_unref(source);
    return r;
}

int source_read_timeout(const struct strict *s, const json_t *mapping, const char *path,
                        struct source *ret)
{
    return strict_duration(s, mapping, path, "timeout", SOURCE_TIMEOUT_MIN_NS,
                           SOURCE_TIMEOUT_MAX_NS, &ret->timeout_ns);
}

/* ---- words ---- */

int source_explain_http(uint64_t timeout_ns, size_t body_max, int result, const struct err *report,
                        struct err *ret)
{
    char timeout[CLOCK_TEXT_MAX];

    switch (result) {
    case -ETIMEDOUT:
        return err_set(ret, result, "gives no whole answer within %s",
                       clock_duration(timeout_ns, timeout));
    case -ECONNREFUSED:
        return err_set(ret, result, "cannot be connected to");
    case -EHOSTUNREACH:
        return err_set(ret, result, "has a name without an address");
    case -E2BIG:
        return err_set(ret, result, "gives an answer of more than %zu bytes", body_max);
    default:
        return err_set(ret, result, "fails: %s", report->text);
    }
}

int source_explain_transport(const struct source *s, int result, const struct err *report,
                             struct err *ret)
{
    size_t body_max = s->kind->body_max ? s->kind->body_max : SOURCE_BODY_MAX;

    return source_explain_http(s->timeout_ns, body_max, result, report, ret);
}

void source_help(FILE *out)
{
    for (size_t i = 0; source_kinds[i]; i++)
        source_kinds[i]->help(out);
    endpoint_help(out);
}
