// SPDX-License-Identifier: MIT
#include "lab/terminal.h"

#include "kube/jpath.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define ROWS_PER_HEADING 20

/* Remembers text; false when it is what was printed last. */
static bool is_news(char *last, size_t size, const char *text)
{
    if (strncmp(last, text, size - 1) == 0)
        return false;
    (void)snprintf(last, size, "%s", text);
    return true;
}

/* "cpu: 122%/50%" */
static int format_metric(const json_t *metric, char *text, size_t size)
{
    const char *unit = jpath_str(metric, "unit", "");
    const json_t *value = json_object_get(metric, "value");
    char now[32] = "<unknown>";

    if (json_is_number(value))
        (void)snprintf(now, sizeof(now), "%.4g%s", json_number_value(value), unit);
    return snprintf(text, size, "%s: %s/%.4g%s", jpath_str(metric, "name", ""), now,
                    jpath_double(metric, "target", 0), unit);
}

/* As kubectl shows them: with commas between; as many as there is room for. */
static void format_metrics(const json_t *metrics, char *text, size_t size)
{
    const json_t *metric;
    size_t i, len = 0;

    text[0] = '\0';
    json_array_foreach (metrics, i, metric) {
        if (len < size && i > 0)
            len += (size_t)snprintf(text + len, size - len, ", ");
        if (len < size)
            len += (size_t)format_metric(metric, text + len, size - len);
    }
}

/* False when the row is the one printed last. */
static bool print_row(struct terminal *t, size_t i, const json_t *point, const json_t *target)
{
    char metrics[140], row[256];
    const json_t *replicas = json_object_get(target, "replicas");

    format_metrics(json_object_get(target, "metrics"), metrics, sizeof(metrics));
    (void)snprintf(row, sizeof(row), "%-14s %-26s %4" PRId64 " %4" PRId64 " %9" PRId64 " %6" PRId64,
                   jpath_str(target, "hpa", ""), metrics, jpath_int(replicas, "min", 0),
                   jpath_int(replicas, "max", 0), jpath_int(replicas, "current", 0),
                   jpath_int(replicas, "ready", 0));
    if (!is_news(t->last_rows[i], sizeof(t->last_rows[i]), row))
        return false;
    if (t->rows++ % ROWS_PER_HEADING == 0)
        (void)fprintf(t->out, "%7s  %-14s %-26s %4s %4s %9s %6s %9s\n", "TIME", "NAME", "TARGETS",
                      "MIN", "MAX", "REPLICAS", "READY", "LOAD");
    (void)fprintf(t->out, "%6.0fs  %s %7.1f/s\n", jpath_double(point, "t", 0), row,
                  jpath_double(target, "load.rate", 0));
    return true;
}

void terminal_point(struct terminal *t, const json_t *point)
{
    const json_t *scene = jpath(point, "scene");
    const char *say = jpath_str(scene, "say", NULL);
    size_t i;
    const json_t *target;

    if (say && is_news(t->last_say, sizeof(t->last_say), say))
        (void)fprintf(t->out, "\n[%s %" PRId64 "/%" PRId64 "] %s\n", jpath_str(scene, "name", ""),
                      jpath_int(scene, "steps_done", 0) + 1, jpath_int(scene, "steps", 0), say);
    json_array_foreach (jpath(point, "targets"), i, target) {
        if (i < TERMINAL_TARGETS_MAX && print_row(t, i, point, target))
            (void)fprintf(t->out, "         %s\n", jpath_str(target, "decision.sentence", ""));
    }
    (void)fflush(t->out);
}
