// SPDX-License-Identifier: MIT
#include "adapter/sources/scrape.h"

#include "base/clock.h"
#include "base/err.h"
#include "metrics/exposition_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_MAX_BYTES 1024

void scrape_wish_done(struct scrape_wish *w)
{
    free(w->metric);
    for (size_t i = 0; i < w->label_count; i++) {
        free((char *)(uintptr_t)w->labels[i].name);
        free((char *)(uintptr_t)w->labels[i].value);
    }
    *w = (struct scrape_wish){0};
}

void scrape_memory_done(struct scrape_memory *m)
{
    samples_unref(m->counters);
    *m = (struct scrape_memory){0};
}

/* ---- configuration ---- */

static int keep_series(void *arg, const struct exposition_sample *series)
{
    struct scrape_wish *w = arg;

    if (series->label_count > SCRAPE_LABELS_MAX)
        return -EINVAL;
    w->metric = strdup(series->name);
    for (size_t i = 0; i < series->label_count; i++) {
        struct label *label = &w->labels[w->label_count++];
        label->name = strdup(series->labels[i].name);
        label->value = strdup(series->labels[i].value);
        if (!label->name || !label->value)
            return -ENOMEM;
    }
    return w->metric ? 0 : -ENOMEM;
}

static int read_metric(const struct strict *s, const json_t *mapping, const char *path,
                       struct scrape_wish *w)
{
    const char *metric = NULL;
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, mapping, path, "metric", METRIC_MAX_BYTES, &metric);

    if (r < 0)
        return r;
    r = exposition_read_series(metric, keep_series, w);
    if (r == -ENOMEM)
        return err_set(s->err, r, "out of memory");
    if (r < 0)
        return strict_refuse(s, strict_path(at, path, "metric"),
                             "%s takes a series such as jobs_total{queue=\"a\"} with at most %d "
                             "labels, not '%.200s'",
                             at, SCRAPE_LABELS_MAX, metric);
    return 0;
}

static int read_as(const struct strict *s, const json_t *mapping, const char *path,
                   struct scrape_wish *w)
{
    static const char *const names[] = {"value", "rate", NULL};
    static const enum scrape_as meanings[] = {SCRAPE_AS_VALUE, SCRAPE_AS_RATE};
    int i = -1;
    int r = strict_choice(s, mapping, path, "as", names, &i);

    w->as = i < 0 ? SCRAPE_AS_FITS : meanings[i];
    return r;
}

int scrape_wish_read_config(const struct strict *s, const json_t *mapping, const char *path,
                            struct scrape_wish *ret)
{
    int r = read_metric(s, mapping, path, ret);

    return r == 0 ? read_as(s, mapping, path, ret) : r;
}

/* ---- the page ---- */

struct scrape {
    const struct scrape_wish *wish;
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

static bool is_wanted(const struct scrape_wish *w, const struct exposition_sample *sample)
{
    if (strcmp(sample->name, w->metric) != 0)
        return false;
    for (size_t i = 0; i < w->label_count; i++)
        if (!has_label(sample, &w->labels[i]))
            return false;
    return true;
}

static int on_sample(void *arg, const struct exposition_sample *sample)
{
    struct label labels[EXPOSITION_LABELS_MAX];
    struct scrape *scrape = arg;
    struct sample keep = {.labels = labels, .label_count = sample->label_count};

    if (!is_wanted(scrape->wish, sample))
        return 0;
    for (size_t i = 0; i < sample->label_count; i++)
        labels[i] = (struct label){sample->labels[i].name, sample->labels[i].value};
    bool rate = scrape->wish->as == SCRAPE_AS_RATE ||
                (scrape->wish->as == SCRAPE_AS_FITS && sample->only_grows);
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
    return scrape->mixed ? err_set(err, -ENOMSG, "has several types for '%s'", scrape->wish->metric)
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
static void remember(struct scrape_memory *m, struct samples *now, uint64_t now_ns)
{
    samples_unref(m->counters);
    *m = (struct scrape_memory){samples_ref(now), now_ns};
}

static int to_rates(struct scrape_memory *m, struct samples *now, uint64_t now_ns,
                    struct samples *ret, struct err *err)
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

int scrape_read(const struct scrape_wish *w, struct scrape_memory *m, const struct buf *body,
                uint64_t now_ns, struct samples *ret, struct err *err)
{
    struct scrape scrape = {.wish = w, .found = samples_new()};
    int r = scrape.found ? read_page(body, &scrape, err)
                         : err_set(err, -ENOMEM, "cannot be read: out of memory");

    if (r == 0)
        r = scrape.rate ? to_rates(m, scrape.found, now_ns, ret, err)
                        : copy(scrape.found, ret, err);
    samples_unref(scrape.found);
    return r;
}
