// SPDX-License-Identifier: MIT
#include "adapter/sources/exposition.h"

#include "adapter/sources/endpoint.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "metrics/exposition_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (16 * MIB)
#define METRIC_MAX_BYTES 1024
#define SELECTOR_LABELS_MAX 16

enum reading_as { AS_FITS, AS_VALUE, AS_RATE };

struct exposition {
    struct endpoint *endpoint;
    char *metric; /* the name */
    struct label labels[SELECTOR_LABELS_MAX];
    size_t label_count;
    enum reading_as as;
};

struct memory { /* of the last scrape that gave counters */
    struct samples *counters;
    uint64_t scraped_ns;
};

static void done(void *settings)
{
    struct exposition *e = settings;

    if (!e)
        return;
    endpoint_unref(e->endpoint);
    free(e->metric);
    for (size_t i = 0; i < e->label_count; i++) {
        free((char *)(uintptr_t)e->labels[i].name);
        free((char *)(uintptr_t)e->labels[i].value);
    }
    free(e);
}

static void memory_done(void *memory)
{
    struct memory *m = memory;

    samples_unref(m->counters);
}

/* ---- configuration ---- */

static int keep_series(void *arg, const struct exposition_sample *series)
{
    struct exposition *e = arg;

    if (series->label_count > SELECTOR_LABELS_MAX)
        return -EINVAL;
    e->metric = strdup(series->name);
    for (size_t i = 0; i < series->label_count; i++) {
        struct label *label = &e->labels[e->label_count++];
        label->name = strdup(series->labels[i].name);
        label->value = strdup(series->labels[i].value);
        if (!label->name || !label->value)
            return -ENOMEM;
    }
    return e->metric ? 0 : -ENOMEM;
}

static int read_metric(const struct strict *s, const json_t *mapping, const char *path,
                       struct exposition *e)
{
    const char *metric = NULL;
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, mapping, path, "metric", METRIC_MAX_BYTES, &metric);

    if (r < 0)
        return r;
    r = exposition_read_series(metric, keep_series, e);
    if (r == -ENOMEM)
        return err_set(s->err, r, "out of memory");
    if (r < 0)
        return strict_refuse(s, strict_path(at, path, "metric"),
                             "%s takes a series such as jobs_total{queue=\"a\"} with at most %d "
                             "labels, not '%.200s'",
                             at, SELECTOR_LABELS_MAX, metric);
    return 0;
}

static int read_as(const struct strict *s, const json_t *mapping, const char *path,
                   struct exposition *e)
{
    static const char *const names[] = {"value", "rate", NULL};
    static const enum reading_as meanings[] = {AS_VALUE, AS_RATE};
    int i = -1;
    int r = strict_choice(s, mapping, path, "as", names, &i);

    e->as = i < 0 ? AS_FITS : meanings[i];
    return r;
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        ENDPOINT_MEMBERS, {"metric", true}, {"as", false}, {0}};
    struct exposition *e = ret->settings = calloc(1, sizeof(*e));

    if (!e)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &e->endpoint);
    if (r == 0)
        r = read_metric(s, mapping, path, e);
    if (r == 0)
        r = read_as(s, mapping, path, e);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(e->endpoint);
    ret->shown_as = strdup(endpoint_shown_as(e->endpoint));
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct exposition *e = s->settings;

    (void)p;
    ret->call.headers[0] = "Accept: text/plain;version=0.0.4";
    return endpoint_request(e->endpoint, NULL, NULL, 0, ret, err);
}

/* ---- the scrape ---- */

struct scrape {
    const struct exposition *e;
    struct samples *found;
    bool rate; /* found holds counters */
    bool mixed;
};

static bool has_label(const struct exposition_sample *sample, const struct label *wanted)
{
    for (size_t i = 0; i < sample->label_count; i++)
        if (strcmp(sample->labels[i].name, wanted->name) == 0)
            return strcmp(sample->labels[i].value, wanted->value) == 0;
    return wanted->value[0] == '\0'; /* absent and empty are the same, as in Prometheus */
}

static bool is_wanted(const struct exposition *e, const struct exposition_sample *sample)
{
    if (strcmp(sample->name, e->metric) != 0)
        return false;
    for (size_t i = 0; i < e->label_count; i++)
        if (!has_label(sample, &e->labels[i]))
            return false;
    return true;
}

static int on_sample(void *arg, const struct exposition_sample *sample)
{
    struct label labels[EXPOSITION_LABELS_MAX];
    struct scrape *scrape = arg;
    struct sample keep = {.labels = labels, .label_count = sample->label_count};

    if (!is_wanted(scrape->e, sample))
        return 0;
    for (size_t i = 0; i < sample->label_count; i++)
        labels[i] = (struct label){sample->labels[i].name, sample->labels[i].value};
    bool rate = scrape->e->as == AS_RATE || (scrape->e->as == AS_FITS && sample->only_grows);
    scrape->mixed |= samples_count(scrape->found) && rate != scrape->rate;
    scrape->rate = rate;
    sample_set_number(&keep, sample->value);
    return samples_add(scrape->found, &keep);
}

static int read_page(const struct buf *body, struct scrape *scrape, struct err *err)
{
    struct err why = {0};
    int r = exposition_read(body->data ? body->data : "", body->len, on_sample, scrape, &why);

    if (r == -EINVAL)
        return err_set(err, -ENOMSG, "answers what is no /metrics page: %s", why.text);
    if (r == -E2BIG)
        return err_set(err, r, "answers with more than %d series", SAMPLES_MAX);
    if (r < 0)
        return err_set(err, r, "cannot be read: out of memory");
    if (samples_count(scrape->found) == 0)
        return 0;
    return scrape->mixed ? err_set(err, -ENOMSG, "has several types for '%s'", scrape->e->metric)
                         : 0;
}

/* ---- rates ---- */

/* Pages keep their order, so the hint is nearly always right. */
static const struct sample *find_twin(const struct samples *list, const struct sample *sample,
                                      size_t hint)
{
    if (hint < samples_count(list) && sample_same_labels(samples_at(list, hint), sample))
        return samples_at(list, hint);
    for (size_t i = 0; i < samples_count(list); i++)
        if (sample_same_labels(samples_at(list, i), sample))
            return samples_at(list, i);
    return NULL;
}

static int add_rate(const struct sample *now, const struct sample *before, double elapsed_s,
                    struct samples *ret)
{
    struct sample rate = *now;

    if (!now->fault && !before->fault) {
        bool restarted = now->value_milli < before->value_milli;
        int64_t grown_milli = now->value_milli - (restarted ? 0 : before->value_milli);
        sample_set_number(&rate, (double)grown_milli / 1000 / elapsed_s);
    } else if (!now->fault) {
        return 0; /* nothing to compare with: like a new one */
    }
    return samples_add(ret, &rate);
}

/* Replaces what is remembered by now (a reference is taken). */
static void remember(struct memory *m, struct samples *now, uint64_t now_ns)
{
    samples_unref(m->counters);
    *m = (struct memory){samples_ref(now), now_ns};
}

static int to_rates(struct memory *m, struct samples *now, uint64_t now_ns, struct samples *ret,
                    struct err *err)
{
    double elapsed_s = (double)(now_ns - m->scraped_ns) / (double)NS_PER_S;
    int r = 0;

    for (size_t i = 0; i < samples_count(now) && m->counters && r == 0; i++) {
        const struct sample *before = find_twin(m->counters, samples_at(now, i), i);
        if (before && elapsed_s > 0)
            r = add_rate(samples_at(now, i), before, elapsed_s, ret);
    }
    remember(m, now, now_ns);
    if (r < 0)
        return err_set(err, r, "cannot be read: out of memory");
    return samples_count(ret) ? 0 : SOURCE_NOT_YET;
}

static int copy(const struct samples *from, struct samples *to, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < samples_count(from) && r == 0; i++)
        r = samples_add(to, samples_at(from, i));
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    struct scrape scrape = {.e = s->settings, .found = samples_new()};
    int r = endpoint_check_status(status, err);

    if (r == 0 && !scrape.found)
        r = err_set(err, -ENOMEM, "cannot be read: out of memory");
    if (r == 0)
        r = read_page(body, &scrape, err);
    if (r == 0)
        r = scrape.rate ? to_rates(p->memory, scrape.found, p->started_ns, ret, err)
                        : copy(scrape.found, ret, err);
    samples_unref(scrape.found);
    return r;
}

static void help(FILE *out)
{
    (void)fputs("      exposition:             a /metrics page; every series is a value\n"
                "        url: http://app:8080/metrics\n"
                "        metric: jobs_total{queue=\"jobs\"}     labels that a series must have\n"
                "        as: rate              value, or rate per second between two scrapes;\n"
                "                              default: rate of what only grows\n",
                out);
}

const struct source_kind exposition_kind = {
    .name = "exposition",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
    .memory_size = sizeof(struct memory),
    .memory_done = memory_done,
    .help = help,
};
