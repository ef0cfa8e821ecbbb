// SPDX-License-Identifier: MIT
#include "adapter/rules/series.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64 * MIB)
#define LABELS_MAX 128
#define BUCKETS 4096
#define TIMEOUT_NS (30 * NS_PER_S) /* it may be a lot, and nobody waits for it */
#define BLANKS " \t\r\n"

struct series {
    struct endpoint *endpoint;
    char *match;
    uint64_t max_age_ns;
};

/* ---- the answer ---- */

/* The shapes that were seen, by their hash. Two of one hash are compared. */
struct seen {
    struct samples *samples;
    struct entry {
        uint64_t hash;
        size_t index; /* of the sample */
        struct entry *next;
    } * buckets[BUCKETS];
};

static void seen_done(struct seen *seen)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (seen->buckets[i]) {
            struct entry *e = seen->buckets[i];
            seen->buckets[i] = e->next;
            free(e);
        }
}

static int by_label(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static uint64_t hash_shape(const struct sample *s)
{
    uint64_t hash = HASH_START;

    for (size_t i = 0; i < s->label_count; i++)
        hash = hash_text(hash_text(hash_text(hash, s->labels[i].name), "="), s->labels[i].value);
    return hash;
}

static int remember(struct seen *seen, const struct sample *shape, struct err *err)
{
    uint64_t hash = hash_shape(shape);
    struct entry **bucket = &seen->buckets[hash % BUCKETS];

    for (struct entry *e = *bucket; e; e = e->next)
        if (e->hash == hash && sample_same_labels(samples_at(seen->samples, e->index), shape))
            return 0;
    struct entry *e = malloc(sizeof(*e));
    int r = e ? samples_add(seen->samples, shape) : -ENOMEM;
    if (r < 0) {
        free(e);
        return r == -E2BIG ? err_set(err, r,
                                     "has more than %d kinds of series: narrow the "
                                     "seriesQuery",
                                     SAMPLES_MAX)
                           : err_set(err, r, "cannot be read: out of memory");
    }
    *e = (struct entry){hash, samples_count(seen->samples) - 1, *bucket};
    *bucket = e;
    return 0;
}

static int not_understood(struct err *err)
{
    return err_set(err, -ENOMSG, "answers what is no list of series");
}

static int read_one(struct seen *seen, const json_t *series, struct err *err)
{
    struct label labels[LABELS_MAX];
    struct sample shape = {.labels = labels};
    const char *name;
    json_t *value;

    if (!json_is_string(json_object_get(series, SERIES_NAME)))
        return 0; /* nothing could ask for it by name */
    json_object_foreach ((json_t *)(uintptr_t)series, name, value) {
        if (!json_is_string(value) || shape.label_count == LABELS_MAX)
            return not_understood(err);
        bool is_name = strcmp(name, SERIES_NAME) == 0;
        labels[shape.label_count++] = (struct label){name, is_name ? json_string_value(value) : ""};
    }
    qsort(labels, shape.label_count, sizeof(*labels), by_label);
    return remember(seen, &shape, err);
}

/* Where the list begins, or NULL: {"status":"success","data":[ , with other members between. */
static const char *find_list(const struct buf *body)
{
    static const char data[] = "\"data\"";
    const char *success = body->data ? strstr(body->data, "\"success\"") : NULL;
    const char *c = success ? strstr(success, data) : NULL;

    if (!c)
        return NULL;
    c += sizeof(data) - 1;
    c += strspn(c, BLANKS ":");
    return *c == '[' ? c + 1 : NULL;
}

/* One series after the other, because a whole document of them would be many times its text. */
static int read_list(struct seen *seen, const char *at, const char *end, struct err *err)
{
    json_error_t where;

    for (at += strspn(at, BLANKS ","); at < end && *at == '{'; at += strspn(at, BLANKS ",")) {
        json_auto_t *series = json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, &where);
        if (!series || where.position <= 0)
            return not_understood(err);
        at += where.position;
        int r = read_one(seen, series, err);
        if (r < 0)
            return r;
    }
    return at < end && *at == ']' ? 0 : not_understood(err);
}

int series_read(const struct buf *body, struct samples *ret, struct err *err)
{
    scoped(seen_done) struct seen seen = {.samples = ret};
    const char *list = find_list(body);

    return list ? read_list(&seen, list, body->data + body->len, err) : not_understood(err);
}

/* ---- the source ---- */

static int request(const struct source *source, struct source_poll *poll,
                   struct source_request *ret, struct err *err)
{
    const struct series *s = source->settings;
    uint64_t start_ns =
        poll->started_wall_ns > s->max_age_ns ? poll->started_wall_ns - s->max_age_ns : 0;
    char start[32];

    (void)snprintf(start, sizeof(start), "%" PRIu64 ".%03u", start_ns / NS_PER_S,
                   (unsigned)(start_ns % NS_PER_S / NS_PER_MS));
    const struct label parameters[] = {{"match[]", s->match}, {"start", start}};
    return endpoint_request(s->endpoint, "/api/v1/series", parameters, ARRAY_LEN(parameters), ret,
                            err);
}

static int read_answer(const struct source *source, struct source_poll *poll, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    int r = endpoint_check_status(status, err);

    (void)source;
    (void)poll;
    return r == 0 ? series_read(body, ret, err) : r;
}

static void done(void *settings)
{
    struct series *s = settings;

    if (!s)
        return;
    endpoint_unref(s->endpoint);
    free(s->match);
    free(s);
}

static const struct source_kind series_kind = {.name = "series",
                                               .request = request,
                                               .read_answer = read_answer,
                                               .done = done,
                                               .body_max = BODY_MAX};

struct source *series_source_new(struct endpoint *e, const char *match, uint64_t max_age_ns)
{
    struct series *s = calloc(1, sizeof(*s));
    scoped(free_at) char *shown_as = NULL, *key = NULL;

    if (!s)
        return NULL;
    s->endpoint = endpoint_ref(e);
    s->match = strdup(match);
    s->max_age_ns = max_age_ns;
    if (asprintf(&shown_as, "the list of series of Prometheus at %s", endpoint_shown_as(e)) < 0)
        shown_as = NULL;
    if (asprintf(&key, "series %s %" PRIu64 " %s", endpoint_key(e), max_age_ns, match) < 0)
        key = NULL;
    if (s->match && shown_as && key)
        return source_new(&series_kind, s, shown_as, key, TIMEOUT_NS);
    done(s);
    return NULL;
}
