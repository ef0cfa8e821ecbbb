// SPDX-License-Identifier: MIT
#include "lab/why/tell.h"

#include "base/clock.h"
#include "kube/jpath.h"
#include "lab/hpa/words.h"

#include <inttypes.h>
#include <string.h>

const char *tell_offset(const struct run *run, const struct step *step, char text[OFFSET_MAX])
{
    const uint64_t s = (step->time_ns - run->steps[0].time_ns) / NS_PER_S;

    if (s < 3600)
        (void)snprintf(text, OFFSET_MAX, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else
        (void)snprintf(text, OFFSET_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
                       s / 60 % 60, s % 60);
    return text;
}

const char *tell_change(const json_t *record, char text[CHANGE_MAX])
{
    const int64_t current = jpath_int(record, "current", 0);
    const int64_t result = jpath_int(record, "result", 0);

    if (!jpath(record, "result"))
        (void)snprintf(text, CHANGE_MAX, "?");
    else if (current == result)
        (void)snprintf(text, CHANGE_MAX, "%" PRId64, result);
    else
        (void)snprintf(text, CHANGE_MAX, "%" PRId64 " → %" PRId64, current, result);
    return text;
}

void tell_heading(const struct run *run, const struct step *step, FILE *out)
{
    char time[CLOCK_TEXT_MAX], into[WORD_MAX];

    (void)fprintf(out, "%s%sstep %" PRId64 ": %s, %s into the run\n", run->title,
                  *run->title ? ", " : "", step->number, clock_rfc3339(step->time_ns, time),
                  words_duration(step->time_ns - run->steps[0].time_ns, into));
}

/* ---- a run ---- */

/* Whether b says nothing that a has not said: it stays for the same reason. */
static bool is_more_of_the_same(const json_t *a, const json_t *b)
{
    return !jpath_bool(b, "rescale", false) && !jpath_bool(a, "rescale", false) &&
           jpath_int(a, "result", -1) == jpath_int(b, "result", -1) &&
           strcmp(jpath_str(a, "rule", ""), jpath_str(b, "rule", "")) == 0;
}

static size_t same_from(const struct run *run, size_t i)
{
    size_t end = i + 1;

    while (end < run->count && is_more_of_the_same(run->steps[i].record, run->steps[end].record))
        end++;
    return end;
}

static void tell_span(const struct run *run, size_t i, size_t end, FILE *out)
{
    const struct step *first = &run->steps[i];
    char offset[OFFSET_MAX], change[CHANGE_MAX];

    (void)tell_change(first->record, change);
    const int wide = strchr(change, '>') || strstr(change, "→") ? 2 : 0; /* bytes of the arrow */
    (void)fprintf(out, "%8s  %*s  %s\n", tell_offset(run, first, offset), 11 + wide, change,
                  jpath_str(first->record, "sentence", ""));
    (void)fprintf(out, "%21s  (step %" PRId64 ", %s) %s\n", "", first->number,
                  jpath_str(first->record, "rule", ""), jpath_str(first->record, "why", ""));
    if (end - i > 1)
        (void)fprintf(out, "%8s  %11s  ... and %zu more like it, until %s\n", "", "", end - i - 1,
                      tell_offset(run, &run->steps[end - 1], offset));
}

static void tell_summary(const struct run *run, FILE *out)
{
    const struct step *last = &run->steps[run->count - 1];
    int64_t most = 0, changes = 0;
    char count[WORD_MAX], length[WORD_MAX], changed[WORD_MAX];

    for (size_t i = 0; i < run->count; i++) {
        const int64_t result = jpath_int(run->steps[i].record, "result", 0);
        most = result > most ? result : most;
        changes += jpath_bool(run->steps[i].record, "rescale", false);
    }
    (void)fprintf(
        out, "%s%s%s in %s: %s, at most %" PRId64 " replicas, %" PRId64 " at the end\n", run->title,
        *run->title ? ": " : "", words_count((int64_t)run->count, "decision", count),
        words_duration(last->time_ns - run->steps[0].time_ns, length),
        words_count(changes, "change", changed), most, jpath_int(last->record, "result", 0));
}

void tell_run(const struct run *run, FILE *out)
{
    tell_summary(run, out);
    for (size_t i = 0, end; i < run->count; i = end) {
        end = same_from(run, i);
        tell_span(run, i, end, out);
    }
}

/* ---- one step ---- */

/* A number or a quantity, as the record has it. */
static const char *figure(const json_t *value, char text[WORD_MAX])
{
    if (json_is_string(value))
        (void)snprintf(text, WORD_MAX, "%.60s", json_string_value(value));
    else if (json_is_number(value))
        return words_number(json_number_value(value), text);
    else
        (void)snprintf(text, WORD_MAX, "?");
    return text;
}

static const char *seconds(const json_t *object, const char *member, char text[WORD_MAX])
{
    const double s = jpath_double(object, member, 0);

    return words_duration(s > 0 ? (uint64_t)(s * (double)NS_PER_S) : 0, text);
}

static void tell_target(const json_t *record, FILE *out)
{
    (void)fprintf(out, "\nTarget: %s %s", jpath_str(record, "target.kind", ""),
                  jpath_str(record, "target.name", ""));
    if (jpath(record, "current"))
        (void)fprintf(out, " has %" PRId64 "; allowed are %" PRId64 " to %" PRId64,
                      jpath_int(record, "current", 0), jpath_int(record, "min", 0),
                      jpath_int(record, "max", 0));
    (void)fprintf(out, ".\n");
}

static void tell_left_out(const json_t *metric, FILE *out)
{
    char stand_in[WORD_MAX];
    size_t i;
    const json_t *pod;

    json_array_foreach (json_object_get(metric, "pods"), i, pod) {
        const char *class = jpath_str(pod, "class", "");
        if (strcmp(class, "counted") == 0)
            continue;
        (void)fprintf(out, "  %s is %s (%s)", jpath_str(pod, "name", ""), class,
                      jpath_str(pod, "rule", ""));
        if (jpath(pod, "standIn"))
            (void)fprintf(out, ", then taken to use %s", figure(jpath(pod, "standIn"), stand_in));
        (void)fprintf(out, ".\n");
    }
}

static void tell_ratio(const json_t *metric, const json_t *tolerance, FILE *out)
{
    char value[WORD_MAX], target[WORD_MAX], ratio[WORD_MAX], last[WORD_MAX];
    char low[WORD_MAX], high[WORD_MAX];
    const bool filled = jpath_double(metric, "ratio", 0) != jpath_double(metric, "finalRatio", 0);

    (void)fprintf(out, "  value %s / target %s = ratio %s", figure(jpath(metric, "value"), value),
                  figure(jpath(metric, "target"), target), figure(jpath(metric, "ratio"), ratio));
    if (filled)
        (void)fprintf(out, ", %s with the pods left out",
                      figure(jpath(metric, "finalRatio"), last));
    (void)fprintf(out, "; %s to %s is tolerated.\n", figure(jpath(tolerance, "[0]"), low),
                  figure(jpath(tolerance, "[1]"), high));
}

static void tell_proposal(const json_t *metric, FILE *out)
{
    const int64_t pods = jpath_int(metric, "multiplier", 0);
    const int64_t proposal = jpath_int(metric, "proposal", 0);
    char ratio[WORD_MAX];

    if (pods)
        (void)fprintf(out, "  %" PRId64 " pods × %s, rounded up: it wants %" PRId64, pods,
                      figure(jpath(metric, "finalRatio"), ratio), proposal);
    else
        (void)fprintf(out, "  It wants %" PRId64, proposal);
    (void)fprintf(out, "%s.\n", jpath_bool(metric, "wins", false) ? ", which wins" : "");
}

static void tell_metric(const json_t *metric, const json_t *tolerance, FILE *out)
{
    char usage[WORD_MAX], requests[WORD_MAX], counted[WORD_MAX];

    (void)fprintf(out, "Metric %s (%s, %s):\n", jpath_str(metric, "name", ""),
                  jpath_str(metric, "type", ""), jpath_str(metric, "form", ""));
    if (jpath(metric, "pods")) {
        (void)fprintf(out, "  %s counted, using %s",
                      words_count(jpath_int(metric, "counts.counted", 0), "pod", counted),
                      figure(jpath(metric, "usage"), usage));
        if (jpath(metric, "requests"))
            (void)fprintf(out, " of %s requested", figure(jpath(metric, "requests"), requests));
        (void)fprintf(out, ".\n");
        tell_left_out(metric, out);
    }
    if (jpath(metric, "value"))
        tell_ratio(metric, tolerance, out);
    if (jpath(metric, "error"))
        (void)fprintf(out, "  It failed: %s: %s.\n", jpath_str(metric, "error.reason", ""),
                      jpath_str(metric, "error.message", ""));
    else
        tell_proposal(metric, out);
}

static void tell_window(const json_t *window, const char *direction, FILE *out)
{
    const json_t *list = jpath(window, "recommendations");
    char length[WORD_MAX], age[WORD_MAX], leaves[WORD_MAX];
    size_t i;
    const json_t *e;

    if (!window)
        return;
    (void)fprintf(out, "Window for scaling %s: %s, %zu earlier in it", direction,
                  seconds(window, "seconds", length), json_array_size(list));
    json_array_foreach (list, i, e)
        if (jpath_bool(e, "holds", false)) {
            (void)fprintf(out, "; %" PRId64 " from %s ago holds, for %s more",
                          jpath_int(e, "value", 0), seconds(e, "ageSeconds", age),
                          seconds(e, "leavesInSeconds", leaves));
            break;
        }
    (void)fprintf(out, ".\n");
}

static void tell_policies(const json_t *rules, const char *direction, FILE *out)
{
    char period[WORD_MAX], back[WORD_MAX];
    size_t i, k;
    const json_t *p, *change;

    if (!rules)
        return;
    (void)fprintf(out, "Policies for scaling %s (%s): %" PRId64 " allowed\n", direction,
                  jpath_str(rules, "select", ""), jpath_int(rules, "bound", 0));
    json_array_foreach (jpath(rules, "policies"), i, p) {
        (void)fprintf(out, "  %" PRId64 " %s in %s: from %" PRId64 " to %" PRId64 ", used %" PRId64,
                      jpath_int(p, "value", 0),
                      strcmp(jpath_str(p, "type", ""), "Percent") == 0 ? "%" : "pods",
                      seconds(p, "periodSeconds", period), jpath_int(p, "start", 0),
                      jpath_int(p, "limit", 0), jpath_int(p, "used", 0));
        json_array_foreach (jpath(p, "comesBack"), k, change)
            (void)fprintf(out, ", %" PRId64 " back in %s", jpath_int(change, "replicas", 0),
                          seconds(change, "inSeconds", back));
        (void)fprintf(out, ".\n");
    }
}

static void tell_steps(const json_t *record, FILE *out)
{
    (void)fprintf(out, "Recommendation: %" PRId64 ".\n", jpath_int(record, "recommendation", 0));
    tell_window(jpath(record, "stabilisation.up"), "up", out);
    tell_window(jpath(record, "stabilisation.down"), "down", out);
    (void)fprintf(out, "Stabilised: %" PRId64 ".\n", jpath_int(record, "stabilisation.result", 0));
    tell_policies(jpath(record, "limit.up"), "up", out);
    tell_policies(jpath(record, "limit.down"), "down", out);
    if (jpath(record, "limit.step"))
        (void)fprintf(out, "One step may go up to %" PRId64 ".\n",
                      jpath_int(record, "limit.step", 0));
    (void)fprintf(out, "Limited: %" PRId64 " (%s).\n", jpath_int(record, "limit.result", 0),
                  jpath_str(record, "limit.reason", ""));
}

static void tell_changes(const json_t *record, FILE *out)
{
    size_t i;
    const json_t *c;

    json_array_foreach (jpath(record, "conditions"), i, c)
        if (jpath(c, "was"))
            (void)fprintf(out, "Condition %s: %s, %s (was %s).\n", jpath_str(c, "type", ""),
                          jpath_str(c, "status", ""), jpath_str(c, "reason", ""),
                          jpath_str(c, "was.reason", "not set"));
    json_array_foreach (jpath(record, "events"), i, c)
        (void)fprintf(out, "Event %s: %s\n", jpath_str(c, "reason", ""),
                      jpath_str(c, "message", ""));
}

void tell_step(const struct run *run, const struct step *step, FILE *out)
{
    const json_t *record = step->record;
    char change[CHANGE_MAX];
    size_t i;
    const json_t *metric;

    tell_heading(run, step, out);
    (void)fprintf(out, "\n%s\n%s\n", jpath_str(record, "sentence", ""),
                  jpath_str(record, "why", ""));
    tell_target(record, out);
    json_array_foreach (jpath(record, "metrics"), i, metric)
        tell_metric(metric, jpath(record, "tolerance"), out);
    if (jpath(record, "recommendation"))
        tell_steps(record, out);
    (void)fprintf(out, "Result: %s, by rule %s.\n", tell_change(record, change),
                  jpath_str(record, "rule", ""));
    tell_changes(record, out);
}
