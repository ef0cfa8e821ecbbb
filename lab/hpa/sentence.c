// SPDX-License-Identifier: MIT
/* The decision in plain words. Short enough for a projector; every number in it can be found in the
 * record. */
#include "lab/hpa/record.h"
#include "lab/hpa/words.h"

static bool is_object(const struct hpa_metric *m)
{
    return m->source == HPA_OBJECT || m->source == HPA_EXTERNAL;
}

/* "CPU is 122 % of what 2 pods request, target 50 %" */
static void say_value(struct words *w, const struct hpa_metric *m, const struct hpa_result *r)
{
    char value[WORD_MAX], target[WORD_MAX], pods[WORD_MAX];

    (void)words_amount(m, (double)r->value, value);
    (void)words_amount(m, (double)m->target, target);
    words_say_metric(w, m);
    if (m->form == HPA_UTILIZATION)
        words_say(w, " is %s of what %s %s, target %s", value,
                  words_count((int64_t)r->ready, "pod", pods),
                  r->ready == 1 ? "requests" : "request", target);
    else if (!is_object(m))
        words_say(w, " is %s per pod, target %s", value, target);
    else if (m->form == HPA_AVERAGE_VALUE)
        words_say(w, " is %s, target %s per pod", value, target);
    else
        words_say(w, " is %s, target %s", value, target);
}

static void say_within(struct words *w, const struct hpa_result *r, const struct hpa_decision *d)
{
    double room = r->final_ratio < 1.0 ? 1.0 - d->tolerance_low : d->tolerance_high - 1.0;
    char percent[WORD_MAX];

    words_say(w, ": within %s %%, stays at %d", words_number(100 * room, percent), r->proposal);
}

/* Why the ratio did not lead to a number. */
static void say_uncounted(struct words *w, const struct hpa_result *r)
{
    const size_t without = r->missing + r->unready;
    char pods[WORD_MAX];

    words_say(w, ": stays at %d, because %s %s not ready or not measured yet", r->proposal,
              words_count((int64_t)without, "pod", pods), without == 1 ? "is" : "are");
}

/* "2 × 2.44 = 4.88, so 5 pods" */
static void say_product(struct words *w, const struct hpa_result *r)
{
    const double product = r->final_ratio * (double)r->multiplier;
    char ratio[WORD_MAX], exact[WORD_MAX], pods[WORD_MAX];

    (void)words_number(r->final_ratio, ratio);
    (void)words_count(r->proposal, "pod", pods);
    if (product == (double)r->proposal)
        words_say(w, ": %lld × %s = %s", (long long)r->multiplier, ratio, pods);
    else
        words_say(w, ": %lld × %s = %s, so %s", (long long)r->multiplier, ratio,
                  words_number(product, exact), pods);
}

/* "queue_depth is 47.5, target 5 per pod: 9.5, so 10 pods" */
static void say_quotient(struct words *w, const struct hpa_metric *m, const struct hpa_result *r)
{
    const double quotient = (double)r->value / (double)m->target;
    char exact[WORD_MAX], pods[WORD_MAX];

    (void)words_count(r->proposal, "pod", pods);
    if (quotient == (double)r->proposal)
        words_say(w, ": %s", pods);
    else
        words_say(w, ": %s, so %s", words_number(quotient, exact), pods);
}

/* The ratio is then not the quotient of the two figures that were said. */
static void say_stand_ins(struct words *w, const struct hpa_result *r)
{
    const bool up = r->ratio > 1.0; /* on the way down only missing pods are filled in */
    char pods[WORD_MAX];

    words_say(w, ", %s taken as %s",
              words_count((int64_t)(r->missing + (up ? r->unready : 0)), "more pod", pods),
              up ? "idle" : "busy");
}

static void say_metric(struct words *w, const struct hpa_metric *m, const struct hpa_result *r,
                       const struct hpa_decision *d)
{
    say_value(w, m, r);
    if (r->multiplier > 0 && r->final_ratio != r->ratio)
        say_stand_ins(w, r);
    if (r->multiplier > 0)
        say_product(w, r);
    else if (record_is_turned(r, d))
        say_uncounted(w, r);
    else if (r->within)
        say_within(w, r, d);
    else if (is_object(m) && m->form == HPA_AVERAGE_VALUE)
        say_quotient(w, m, r);
    else
        words_say(w, ": times 0 pods that are ready, so %d", r->proposal);
}

/* "wants 3, stays at 10: 4 minutes 10 seconds ago it still wanted 10, and scaling down waits
 * 5 minutes" */
static void say_held(struct words *w, const struct hpa_decision *d)
{
    const bool down = d->held == HPA_HELD_DOWN;
    char age[WORD_MAX], window[WORD_MAX];

    words_say(w, "wants %d, %s %d: ", d->recommendation,
              d->stabilised == d->current         ? "stays at"
              : d->limit.kind == HPA_WITHIN_RANGE ? "goes to"
                                                  : "is held at",
              d->stabilised);
    if (d->held_age_ns == 0) /* a history begins with the size that was found */
        words_say(w, "it has just been found at %d", d->held_value);
    else
        words_say(w, "%s ago it %s wanted %d", words_duration(d->held_age_ns, age),
                  down ? "still" : "only", d->held_value);
    words_say(w, ", and scaling %s waits %s", down ? "down" : "up",
              words_duration(d->held_window_ns, window));
}

static void say_limit(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    switch (d->limit.kind) {
    case HPA_WITHIN_RANGE:
        break;
    case HPA_TOO_FEW:
        words_say(w, "; minReplicas is %d", d->limit.bound);
        break;
    case HPA_TOO_MANY:
        words_say(w, "; maxReplicas is %d", d->limit.bound);
        break;
    case HPA_SCALE_UP_LIMIT:
        if (spec->has_behavior && d->limit.bound == d->current)
            words_say(w, "; the policies allow no more than %d now", d->limit.bound);
        else
            words_say(
                w, spec->has_behavior ? "; the policies allow %d now" : "; one step may go to %d",
                d->limit.bound);
        break;
    case HPA_SCALE_DOWN_LIMIT:
        words_say(w, "; the policies allow no fewer than %d now", d->limit.bound);
        break;
    }
}

/* Index of the first metric that failed, or result_count. */
static size_t first_failed(const struct hpa_decision *d)
{
    size_t i = 0;

    while (i < d->result_count && !d->results[i].error)
        i++;
    return i;
}

static void say_no_metrics(struct words *w, const struct hpa_spec *spec,
                           const struct hpa_decision *d)
{
    const size_t failed = first_failed(d);

    if (failed == d->result_count) {
        words_say(w, "%.180s; stays at %d", d->error, d->current);
        return;
    }
    words_say(w, "no metrics for ");
    words_say_metric(w, &spec->metrics[failed]);
    words_say(w, ": %.100s; nothing shrinks while a metric is unknown", d->results[failed].cause);
}

static void say_decided(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    const size_t failed = first_failed(d);

    if (d->held != HPA_NOT_HELD)
        say_held(w, d);
    else
        say_metric(w, &spec->metrics[d->winner], &d->results[d->winner], d);
    say_limit(w, spec, d);
    if (failed == d->result_count)
        return;
    words_say(w, "; ");
    words_say_metric(w, &spec->metrics[failed]);
    words_say(w, " is unknown");
}

static void say_corrected(struct words *w, const struct hpa_decision *d)
{
    const bool above = d->current > d->desired;
    char pods[WORD_MAX];

    words_say(w, "%s %s %s than %sReplicas: goes to %d at once",
              words_count(d->current, "pod", pods), d->current == 1 ? "is" : "are",
              above ? "more" : "fewer", above ? "max" : "min", d->desired);
}

char *hpa_sentence(const struct hpa_spec *spec, const struct hpa_decision *d,
                   char text[HPA_SENTENCE_MAX])
{
    struct words w = words_begin(text);

    switch (d->outcome) {
    case HPA_NO_SCALE:
        words_say(&w, "cannot read the scale of %s %s: %.150s", spec->target_kind,
                  spec->target_name, d->error);
        break;
    case HPA_DISABLED:
        words_say(&w, "scaling is off while %s has 0 replicas", spec->target_name);
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
        words_say(&w, "; could not be written: %.80s", d->error);
    return words_end(&w);
}
