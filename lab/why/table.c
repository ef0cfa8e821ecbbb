// SPDX-License-Identifier: MIT
#include "lab/why/table.h"

#include "kube/jpath.h"
#include "lab/hpa/words.h"
#include "lab/why/tell.h"

#include <stdlib.h>
#include <string.h>

struct column {
    const char *heading, *path; /* in each row's object */
};

/* As it stands in the record; "-" for what is not there. */
static const char *cell(const json_t *row, const char *path, char text[WORD_MAX])
{
    const json_t *value = jpath(row, path);

    if (json_is_string(value))
        (void)snprintf(text, WORD_MAX, "%.60s", json_string_value(value));
    else if (json_is_integer(value))
        (void)snprintf(text, WORD_MAX, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        (void)words_number(json_real_value(value), text);
    else if (json_is_boolean(value))
        (void)snprintf(text, WORD_MAX, "%s", json_is_true(value) ? "yes" : "no");
    else
        (void)snprintf(text, WORD_MAX, "-");
    return text;
}

static int width_of(const json_t *rows, const struct column *column)
{
    size_t width = strlen(column->heading);
    char text[WORD_MAX];
    size_t i;
    const json_t *row;

    json_array_foreach (rows, i, row) {
        const size_t len = strlen(cell(row, column->path, text));
        width = len > width ? len : width;
    }
    return (int)width;
}

/* Numbers to the right, as wide as the widest. The last column ends the line. */
static void print(const char *title, const json_t *rows, const struct column *columns, size_t count,
                  FILE *out)
{
    int widths[24];
    char text[WORD_MAX];
    size_t i;
    const json_t *row;

    if (json_array_size(rows) == 0)
        return;
    if (title)
        (void)fprintf(out, "\n%s\n", title);
    for (size_t k = 0; k < count; k++) {
        widths[k] = k + 1 < count ? width_of(rows, &columns[k]) : 0;
        (void)fprintf(out, "%*s%s", widths[k], columns[k].heading, k + 1 < count ? "  " : "\n");
    }
    json_array_foreach (rows, i, row)
        for (size_t k = 0; k < count; k++)
            (void)fprintf(out, "%*s%s", widths[k], cell(row, columns[k].path, text),
                          k + 1 < count ? "  " : "\n");
}

#define PRINT(title, rows, columns, out)                                                           \
    print(title, rows, columns, sizeof(columns) / sizeof((columns)[0]), out)

/* ---- a run ---- */

static const json_t *winner_of(const json_t *record)
{
    size_t i;
    const json_t *metric;

    json_array_foreach (jpath(record, "metrics"), i, metric)
        if (jpath_bool(metric, "wins", false))
            return metric;
    return jpath(record, "metrics[0]");
}

/* A copy of the record with what the columns need beside it. New. */
static json_t *row_of(const struct run *run, const struct step *step)
{
    json_t *row = json_copy((json_t *)(uintptr_t)step->record); /* shallow: nothing is changed */
    json_t *metric = json_copy((json_t *)(uintptr_t)winner_of(step->record));
    char offset[OFFSET_MAX];

    (void)json_object_set_new(row, "step", json_integer(step->number));
    (void)json_object_set_new(row, "offset", json_string(tell_offset(run, step, offset)));
    if (metric)
        (void)json_object_set_new(row, "metric", metric);
    return row;
}

void table_run(const struct run *run, FILE *out)
{
    static const struct column columns[] = {
        {"STEP", "step"},
        {"TIME", "offset"},
        {"CURRENT", "current"},
        {"METRIC", "metric.name"},
        {"VALUE", "metric.value"},
        {"TARGET", "metric.target"},
        {"RATIO", "metric.ratio"},
        {"FINAL", "metric.finalRatio"},
        {"WANTS", "recommendation"},
        {"STABILISED", "stabilisation.result"},
        {"RESULT", "result"},
        {"RULE", "rule"},
    };
    json_auto_t *rows = json_array();

    for (size_t i = 0; i < run->count; i++)
        (void)json_array_append_new(rows, row_of(run, &run->steps[i]));
    (void)fprintf(out, "%s%s", run->title, *run->title ? "\n" : "");
    PRINT(NULL, rows, columns, out);
}

/* ---- one step ---- */

static void print_pods(const json_t *record, FILE *out)
{
    static const struct column columns[] = {{"POD", "name"},        {"CLASS", "class"},
                                            {"RULE", "rule"},       {"USAGE", "usage"},
                                            {"REQUEST", "request"}, {"STAND-IN", "standIn"}};
    char title[160];
    size_t i;
    const json_t *metric;

    json_array_foreach (jpath(record, "metrics"), i, metric) {
        (void)snprintf(title, sizeof(title), "pods of metric %.120s",
                       jpath_str(metric, "name", ""));
        PRINT(title, jpath(metric, "pods"), columns, out);
    }
}

static void print_windows(const json_t *record, FILE *out)
{
    static const struct column columns[] = {{"VALUE", "value"},
                                            {"AGE [s]", "ageSeconds"},
                                            {"LEAVES IN [s]", "leavesInSeconds"},
                                            {"HOLDS", "holds"}};

    PRINT("window up", jpath(record, "stabilisation.up.recommendations"), columns, out);
    PRINT("window down", jpath(record, "stabilisation.down.recommendations"), columns, out);
}

static void print_policies(const json_t *record, FILE *out)
{
    static const struct column columns[] = {{"TYPE", "type"},
                                            {"VALUE", "value"},
                                            {"PERIOD [s]", "periodSeconds"},
                                            {"START", "start"},
                                            {"LIMIT", "limit"},
                                            {"USED", "used"},
                                            {"BACK", "comesBack[0].replicas"},
                                            {"IN [s]", "comesBack[0].inSeconds"}};

    PRINT("policies up", jpath(record, "limit.up.policies"), columns, out);
    PRINT("policies down", jpath(record, "limit.down.policies"), columns, out);
}

static void print_figures(const json_t *record, FILE *out)
{
    static const struct column columns[] = {{"MIN", "min"},
                                            {"MAX", "max"},
                                            {"CURRENT", "current"},
                                            {"WANTS", "recommendation"},
                                            {"UP >=", "stabilisation.up.lowest"},
                                            {"DOWN <=", "stabilisation.down.highest"},
                                            {"STABILISED", "stabilisation.result"},
                                            {"STEP", "limit.step"},
                                            {"UP TO", "limit.up.bound"},
                                            {"DOWN TO", "limit.down.bound"},
                                            {"RESULT", "result"},
                                            {"RULE", "rule"}};
    json_auto_t *rows = json_pack("[O]", record);

    PRINT(NULL, rows, columns, out);
}

void table_step(const struct run *run, const struct step *step, FILE *out)
{
    static const struct column metrics[] = {
        {"METRIC", "name"},
        {"TYPE", "type"},
        {"FORM", "form"},
        {"TARGET", "target"},
        {"VALUE", "value"},
        {"RATIO", "ratio"},
        {"FINAL", "finalRatio"},
        {"TOLERATED", "withinTolerance"},
        {"COUNTED", "counts.counted"},
        {"UNREADY", "counts.unready"},
        {"MISSING", "counts.missing"},
        {"IGNORED", "counts.ignored"},
        {"TIMES", "multiplier"},
        {"PROPOSAL", "proposal"},
        {"WINS", "wins"},
        {"ERROR", "error.reason"},
    };
    static const struct column conditions[] = {
        {"TYPE", "type"}, {"STATUS", "status"}, {"REASON", "reason"}, {"WAS", "was.reason"}};
    static const struct column events[] = {{"TYPE", "type"}, {"REASON", "reason"}};

    tell_heading(run, step, out);
    print_figures(step->record, out);
    PRINT("metrics", jpath(step->record, "metrics"), metrics, out);
    print_pods(step->record, out);
    print_windows(step->record, out);
    print_policies(step->record, out);
    PRINT("conditions", jpath(step->record, "conditions"), conditions, out);
    PRINT("events", jpath(step->record, "events"), events, out);
}
