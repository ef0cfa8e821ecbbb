// SPDX-License-Identifier: MIT
/* The decision in plain words. Short enough for a projector; every number in it can be found in the
 * record. */
#include "lab/hpa/hpa.h"

#include "base/clock.h"
#include "kube/quantity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for a number or a duration. */
#define WORD_MAX 48

struct words { /* what is said so far; a sentence that is too long is cut */
    char *text;
    size_t len;
};

static void say(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(w->text + w->len, HPA_SENTENCE_MAX - w->len, format, args);
    va_end(args);
    if (n > 0)
        w->len += (size_t)n;
    if (w->len >= HPA_SENTENCE_MAX)
        w->len = HPA_SENTENCE_MAX - 1;
}

/* 2.44, 1.5, 3 */
static const char *number(double value, char text[WORD_MAX])
{
    (void)snprintf(text, WORD_MAX, "%.2f", value);
    char *point = strchr(text, '.');
    for (char *end = text + strlen(text) - 1; point && end >= point && (*end == '0' || *end == '.');
         end--)
        *end = '\0';
    return text;
}

/* 45 s, 5 min, 4 min 10 s, 1 h 5 min */
static const char *duration(uint64_t ns, char text[WORD_MAX])
{
    const unsigned long s = (unsigned long)((ns + NS_PER_S / 2) / NS_PER_S);

    if (s < 60)
        (void)snprintf(text, WORD_MAX, "%lu s", s);
    else if (s < 3600 && s % 60 == 0)
        (void)snprintf(text, WORD_MAX, "%lu min", s / 60);
    else if (s < 3600)
        (void)snprintf(text, WORD_MAX, "%lu min %lu s", s / 60, s % 60);
    else if (s / 60 % 60 == 0)
        (void)snprintf(text, WORD_MAX, "%lu h", s / 3600);
    else
        (void)snprintf(text, WORD_MAX, "%lu h %lu min", s / 3600, s / 60 % 60);
    return text;
}

static const char *plural(int64_t count)
{
    return count == 1 ? "pod" : "pods";
}

/* Memory in the units that its manifest uses, everything else as people write it. */
static const char *amount(const struct hpa_metric *m, int64_t milli, char text[WORD_MAX])
{
    char quantity[QUANTITY_TEXT_MAX];

    if (m->source == HPA_RESOURCE && m->resource == HPA_MEMORY)
        (void)snprintf(text, WORD_MAX, "%.1f MiB", (double)milli / 1000 / 1048576);
    else if (m->source == HPA_RESOURCE)
        (void)snprintf(text, WORD_MAX, "%s", quantity_format(milli, quantity));
    else
        (void)number((double)milli / 1000, text);
    return text;
}

static const char *name_of(const struct hpa_metric *m)
{
    if (m->source != HPA_RESOURCE)
        return m->name;
    return m->resource == HPA_CPU ? "CPU" : "memory";
}

/* "CPU is 122 % of what 2 pods request, target 50 %" */
static void say_value(struct words *w, const struct hpa_metric *m, const struct hpa_result *r)
{
    char value[WORD_MAX], target[WORD_MAX];

    if (m->form == HPA_UTILIZATION) {
        say(w, "%s is %lld %% of what %zu %s request%s, target %lld %%", name_of(m),
            (long long)r->value, r->ready, plural((int64_t)r->ready), r->ready == 1 ? "s" : "",
            (long long)m->target);
        return;
    }
    (void)amount(m, r->value, value);
    (void)amount(m, m->target, target);
    if (m->source == HPA_RESOURCE)
        say(w, "%s is %s per pod, target %s", name_of(m), value, target);
    else if (m->form == HPA_AVERAGE_VALUE)
        say(w, "%s is %s, %s per pod", name_of(m), value, target);
    else
        say(w, "%s is %s, target %s", name_of(m), value, target);
}

static void say_within(struct words *w, const struct hpa_result *r, const struct hpa_decision *d)
{
    double room = r->final_ratio < 1.0 ? 1.0 - d->tolerance_low : d->tolerance_high - 1.0;
    char percent[WORD_MAX];

    say(w, ": within %s %%, stays at %d", number(100 * room, percent), r->proposal);
}

/* Why the ratio did not lead to a number. */
static void say_held_by_pods(struct words *w, const struct hpa_result *r)
{
    const size_t without = r->missing + r->unready;

    say(w, ": stays at %d, because %zu %s %s not ready or not measured yet", r->proposal, without,
        plural((int64_t)without), without == 1 ? "is" : "are");
}

static void say_metric(struct words *w, const struct hpa_metric *m, const struct hpa_result *r,
                       const struct hpa_decision *d)
{
    char ratio[WORD_MAX];

    say_value(w, m, r);
    if (r->multiplier > 0)
        say(w, ": %lld × %s = %d %s", (long long)r->multiplier, number(r->final_ratio, ratio),
            r->proposal, plural(r->proposal));
    else if (r->missing + r->unready > 0 && r->final_ratio != r->ratio)
        say_held_by_pods(w, r);
    else if (r->within)
        say_within(w, r, d);
    else
        say(w, ": %d %s", r->proposal, plural(r->proposal));
}

/* "wants 3, stays at 10: 4 min 10 s ago it still wanted 10, and scaling down waits 5 min" */
static void say_held(struct words *w, const struct hpa_decision *d)
{
    char age[WORD_MAX], window[WORD_MAX];
    const bool down = d->held == HPA_HELD_DOWN;

    say(w, "wants %d, %s %d: %s ago it %s wanted %d, and scaling %s waits %s", d->recommendation,
        d->stabilised == d->current ? "stays at" : "goes to", d->stabilised,
        duration(d->held_age_ns, age), down ? "still" : "only", d->held_value, down ? "down" : "up",
        duration(d->held_window_ns, window));
}

static void say_limit(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    switch (d->limit.kind) {
    case HPA_WITHIN_RANGE:
        break;
    case HPA_TOO_FEW:
        say(w, "; minReplicas is %d", d->limit.bound);
        break;
    case HPA_TOO_MANY:
        say(w, "; maxReplicas is %d", d->limit.bound);
        break;
    case HPA_SCALE_UP_LIMIT:
        say(w, spec->has_behavior ? "; the policies allow %d now" : "; one step may go to %d",
            d->limit.bound);
        break;
    case HPA_SCALE_DOWN_LIMIT:
        say(w, "; the policies allow no fewer than %d now", d->limit.bound);
        break;
    }
}

static const struct hpa_result *first_failed(const struct hpa_decision *d, size_t *ret_index)
{
    for (size_t i = 0; i < d->result_count; i++)
        if (d->results[i].error) {
            *ret_index = i;
            return &d->results[i];
        }
    return NULL;
}

static void say_no_metrics(struct words *w, const struct hpa_spec *spec,
                           const struct hpa_decision *d)
{
    size_t i;
    const struct hpa_result *r = first_failed(d, &i);

    if (!r)
        say(w, "%s; stays at %d", d->error, d->current);
    else
        say(w, "no metrics for %s: %.100s; nothing shrinks while a metric is unknown",
            name_of(&spec->metrics[i]), r->cause);
}

static void say_decided(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    size_t failed;

    if (d->held != HPA_NOT_HELD)
        say_held(w, d);
    else
        say_metric(w, &spec->metrics[d->winner], &d->results[d->winner], d);
    say_limit(w, spec, d);
    if (first_failed(d, &failed))
        say(w, "; %s is unknown", name_of(&spec->metrics[failed]));
}

static void say_corrected(struct words *w, const struct hpa_decision *d)
{
    const bool above = d->current > d->desired;

    say(w, "%d %s %s than %sReplicas: goes to %d at once", d->current,
        d->current == 1 ? "pod is" : "pods are", above ? "more" : "fewer", above ? "max" : "min",
        d->desired);
}

/* How many bytes the UTF-8 character at c has; 0 when it is broken. */
static size_t character_length(const char *c)
{
    const unsigned char lead = (unsigned char)*c;
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    for (size_t i = 1; i < length; i++)
        if (((unsigned char)c[i] & 0xc0) != 0x80)
            return 0;
    return lead < 0xf5 ? length : 0;
}

/* Cutting may have left half a character behind, which JSON would refuse. */
static char *repaired(char *text)
{
    for (char *c = text; *c;) {
        size_t length = character_length(c);
        if (length == 0)
            *c = '?';
        c += length ? length : 1;
    }
    return text;
}

char *hpa_sentence(const struct hpa_spec *spec, const struct hpa_decision *d,
                   char text[HPA_SENTENCE_MAX])
{
    struct words w = {.text = text};

    text[0] = '\0';
    switch (d->outcome) {
    case HPA_NO_SCALE:
        say(&w, "cannot read the scale of %s %s: %.150s", spec->target_kind, spec->target_name,
            d->error);
        break;
    case HPA_DISABLED:
        say(&w, "scaling is off while %s has 0 replicas", spec->target_name);
        break;
    case HPA_NO_METRICS:
        say_no_metrics(&w, spec, d);
        break;
    case HPA_ABOVE_MAX:
    case HPA_BELOW_MIN:
    case HPA_DECIDED:
    case HPA_NOT_WRITTEN:
        if (d->results)
            say_decided(&w, spec, d);
        else
            say_corrected(&w, d);
        break;
    }
    if (d->outcome == HPA_NOT_WRITTEN)
        say(&w, "; could not be written: %.80s", d->error);
    return repaired(text);
}
