// SPDX-License-Identifier: MIT
/* What stands under the sentence: what led to it, what it would take to move, and when that will
 * be. Figures of windows and policies come from the record, where they have been worked out. */
#include "lab/hpa/record.h"
#include "lab/hpa/words.h"

#include "base/clock.h"
#include "kube/jpath.h"

#include <string.h>

#define PODS_NAMED 2

static const char *in_seconds(double seconds, char text[WORD_MAX])
{
    return words_duration(seconds > 0 ? (uint64_t)(seconds * (double)NS_PER_S) : 0, text);
}

/* ---- pods that do not count ---- */

static const char *rule_words(const char *rule)
{
    static const struct {
        const char *rule, *words;
    } all[] = {
        {"deleted", "is being deleted"},
        {"failed", "has failed"},
        {"pending", "is pending"},
        {"noSample", "has no sample"},
        {"noReadyCondition", "has no Ready condition"},
        {"noStartTime", "has no start time"},
        {"starting", "is not ready yet"},
        {"sampleTooEarly", "was measured before it was ready"},
        {"neverReady", "was never ready"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].rule, rule) == 0)
            return all[i].words;
    return "is unknown";
}

/* "web-2 is pending, and 3 more do not count." Those that are ignored are gone for good. */
static void say_uncounted_pods(struct words *w, const json_t *metric)
{
    size_t i, named = 0, more = 0;
    const json_t *pod;

    json_array_foreach (jpath(metric, "pods"), i, pod) {
        const char *class = jpath_str(pod, "class", "");
        if (strcmp(class, "unready") != 0 && strcmp(class, "missing") != 0)
            continue;
        if (named++ < PODS_NAMED)
            words_say(w, "%s%.63s %s", named > 1 ? ", " : " ", jpath_str(pod, "name", ""),
                      rule_words(jpath_str(pod, "rule", "")));
        else
            more++;
    }
    if (more > 0)
        words_say(w, ", and %zu more", more);
    if (named > 0)
        words_say(w, ".");
}

/* ---- each rule ---- */

static const char *per_pod(const struct hpa_metric *m)
{
    return m->form == HPA_AVERAGE_VALUE ? " per pod" : "";
}

static void say_band(struct words *w, const struct hpa_metric *m, const struct hpa_decision *d)
{
    char low[WORD_MAX], high[WORD_MAX];

    words_say(w, "Nothing moves between %s and %s%s.",
              words_amount(m, (double)m->target * d->tolerance_low, low),
              words_amount(m, (double)m->target * d->tolerance_high, high), per_pod(m));
}

static void say_filled(struct words *w, const struct hpa_result *r)
{
    char before[WORD_MAX], after[WORD_MAX];

    words_say(w, "The ratio is %s without them, %s with a cautious guess for them.",
              words_number(r->ratio, before), words_number(r->final_ratio, after));
}

/* The last recommendation that stands in the way leaves its window. */
static void say_when_free(struct words *w, const struct hpa_decision *d, const json_t *record)
{
    const bool down = d->held == HPA_HELD_DOWN;
    const json_t *list = jpath(record, down ? "stabilisation.down.recommendations"
                                            : "stabilisation.up.recommendations");
    double last = 0;
    char text[WORD_MAX];
    size_t i;
    const json_t *e;

    json_array_foreach (list, i, e) {
        const int64_t value = jpath_int(e, "value", 0);
        const double leaves = jpath_double(e, "leavesInSeconds", 0);
        if ((down ? value >= d->stabilised : value <= d->stabilised) && leaves > last)
            last = leaves;
    }
    words_say(w, " In %s it may %s%s, unless it wants %s again.", in_seconds(last, text),
              down ? "shrink" : "grow", d->stabilised == d->current ? "" : " further",
              down ? "as many" : "as few");
}

static void say_winner(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    const struct hpa_metric *m = &spec->metrics[d->winner];
    char value[WORD_MAX], target[WORD_MAX];

    words_say_metric(w, m);
    words_say(w, " is %s, target %s%s: that makes %d.",
              words_amount(m, (double)d->results[d->winner].value, value),
              words_amount(m, (double)m->target, target), per_pod(m), d->recommendation);
}

/* "4 pods in 15 seconds, 4 of them used; the next come back in 10 seconds" */
static void say_policy(struct words *w, const json_t *policy)
{
    const bool percent = strcmp(jpath_str(policy, "type", ""), "Percent") == 0;
    const int64_t used = jpath_int(policy, "used", 0), value = jpath_int(policy, "value", 0);
    const json_t *next = jpath(policy, "comesBack[0]");
    char period[WORD_MAX], wait[WORD_MAX];

    words_say(w, "%lld %s in %s", (long long)value,
              percent      ? "%"
              : value == 1 ? "pod"
                           : "pods",
              in_seconds(jpath_double(policy, "periodSeconds", 0), period));
    if (percent)
        words_say(w, " (from %lld: to %lld)", (long long)jpath_int(policy, "start", 0),
                  (long long)jpath_int(policy, "limit", 0));
    if (used > 0)
        words_say(w, ", %lld used", (long long)used);
    if (used > 0 && next)
        words_say(w, "; %lld come back in %s", (long long)jpath_int(next, "replicas", 0),
                  in_seconds(jpath_double(next, "inSeconds", 0), wait));
}

/* The policy whose limit is the bound. */
static void say_policies(struct words *w, const json_t *rules, const char *direction)
{
    const json_t *policies = jpath(rules, "policies");
    const int64_t bound = jpath_int(rules, "bound", 0);
    size_t i;
    const json_t *p;

    if (strcmp(jpath_str(rules, "select", ""), "Disabled") == 0) {
        words_say(w, "%s.selectPolicy is Disabled.", direction);
        return;
    }
    json_array_foreach (policies, i, p)
        if (jpath_int(p, "limit", 0) == bound) {
            words_say(w, "%s policy: ", direction);
            say_policy(w, p);
            words_say(w, ".");
            return;
        }
}

static void say_range(struct words *w, const struct hpa_decision *d)
{
    words_say(w, "Without that bound it would be %d.", d->stabilised);
}

static void say_limit(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d,
                      const json_t *record)
{
    switch (d->limit.kind) {
    case HPA_SCALE_UP_LIMIT:
        if (spec->has_behavior)
            say_policies(w, jpath(record, "limit.up"), "scaleUp");
        else
            words_say(w, "One step at most doubles the pods, or goes to 4.");
        break;
    case HPA_SCALE_DOWN_LIMIT:
        say_policies(w, jpath(record, "limit.down"), "scaleDown");
        break;
    case HPA_TOO_FEW:
    case HPA_TOO_MANY:
        say_range(w, d);
        break;
    case HPA_WITHIN_RANGE:
        break;
    }
}

/* Nothing held and nothing limited it. */
static void say_free(struct words *w, const struct hpa_decision *d, const json_t *record)
{
    const bool down = d->desired < d->current;
    const double window =
        jpath_double(record, down ? "stabilisation.down.seconds" : "stabilisation.up.seconds", 0);
    char text[WORD_MAX];

    if (d->desired == d->current)
        words_say(w, "That is what it has.");
    else if (window > 0)
        words_say(w, "For %s it has not wanted %s.", in_seconds(window, text),
                  down ? "more" : "fewer");
    else
        words_say(w, "Scaling %s does not wait.", down ? "down" : "up");
}

static void say_decided(struct words *w, const struct hpa_spec *spec, const struct hpa_decision *d,
                        const json_t *record)
{
    const struct hpa_result *r = &d->results[d->winner];

    if (d->held != HPA_NOT_HELD) {
        say_winner(w, spec, d);
        say_when_free(w, d, record);
    }
    if (d->limit.kind != HPA_WITHIN_RANGE) {
        words_say(w, "%s", w->len ? " " : "");
        say_limit(w, spec, d, record);
    } else if (d->held == HPA_NOT_HELD && record_is_turned(r, d)) {
        say_filled(w, r);
    } else if (d->held == HPA_NOT_HELD && r->within) {
        say_band(w, &spec->metrics[d->winner], d);
    } else if (d->held == HPA_NOT_HELD) {
        say_free(w, d, record);
    }
    say_uncounted_pods(w, json_array_get(jpath(record, "metrics"), d->winner));
}

static void say_failed(struct words *w, const struct hpa_decision *d)
{
    for (size_t i = 0; i < d->result_count; i++)
        if (d->results[i].error) {
            words_say(w, "%s: %.300s", d->results[i].reason, d->results[i].error);
            return;
        }
    words_say(w, "The scale's selector says which pods are its own.");
}

char *record_why(const struct hpa_spec *spec, const struct hpa_decision *d, const json_t *record,
                 char text[HPA_SENTENCE_MAX])
{
    struct words w = words_begin(text);

    switch (d->outcome) {
    case HPA_NO_SCALE:
        words_say(&w, "Looked for %s %s in namespace %s.", spec->target_kind, spec->target_name,
                  spec->namespace);
        break;
    case HPA_DISABLED:
        words_say(&w, "No metric is read until somebody sets 1 replica or more.");
        break;
    case HPA_NO_METRICS:
        say_failed(&w, d);
        break;
    case HPA_ABOVE_MAX:
    case HPA_BELOW_MIN:
        words_say(&w, "Outside min..max no metric is read, and no window or policy waits.");
        break;
    case HPA_DECIDED:
        say_decided(&w, spec, d, record);
        break;
    case HPA_NOT_WRITTEN:
        words_say(&w, "The next look tries again.");
        break;
    }
    return words_end(&w);
}
