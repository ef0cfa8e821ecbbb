// SPDX-License-Identifier: MIT
#include "lab/why/diff.h"

#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/hpa/words.h"
#include "lab/why/tell.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define PATH_SIZE 256
#define SHOWN_MAX 12

struct differences {
    FILE *out;
    size_t count, shown_max;
};

/* They follow from the rest and would only repeat it, or differ in every run. */
static bool is_derived(const char *key)
{
    static const char *const keys[] = {"time", "sentence", "why", "conditions", "events"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static void print_value(const json_t *value, FILE *out)
{
    char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

    (void)fprintf(out, "%.60s%s", text ? text : "nothing", text && strlen(text) > 60 ? "..." : "");
    free(text);
}

static void note(struct differences *d, const char *path, const json_t *a, const json_t *b)
{
    if (++d->count > d->shown_max)
        return;
    (void)fprintf(d->out, "    %s: ", path);
    print_value(a, d->out);
    (void)fprintf(d->out, " against ");
    print_value(b, d->out);
    (void)fprintf(d->out, "\n");
}

static void compare(struct differences *d, const char *path, const json_t *a, const json_t *b);

static void compare_lists(struct differences *d, const char *path, const json_t *a, const json_t *b)
{
    const size_t longer =
        json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
    char below[PATH_SIZE];

    for (size_t i = 0; i < longer; i++) {
        (void)snprintf(below, sizeof(below), "%.200s[%zu]", path, i);
        compare(d, below, json_array_get(a, i), json_array_get(b, i));
    }
}

static void compare_member(struct differences *d, const char *path, const char *key,
                           const json_t *a, const json_t *b)
{
    char below[PATH_SIZE];

    if (*path == '\0' && is_derived(key))
        return;
    (void)snprintf(below, sizeof(below), "%.150s%s%.100s", path, *path ? "." : "", key);
    compare(d, below, json_object_get(a, key), json_object_get(b, key));
}

/* In the order of a, then what only b has. */
static void compare_objects(struct differences *d, const char *path, const json_t *a,
                            const json_t *b)
{
    const char *key;
    const json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)a, key, value)
        compare_member(d, path, key, a, b);
    json_object_foreach ((json_t *)(uintptr_t)b, key, value)
        if (!json_object_get(a, key))
            compare_member(d, path, key, a, b);
}

static void compare(struct differences *d, const char *path, const json_t *a, const json_t *b)
{
    if (json_is_object(a) && json_is_object(b))
        compare_objects(d, path, a, b);
    else if (json_is_array(a) && json_is_array(b))
        compare_lists(d, path, a, b);
    else if (!json_equal(a, b))
        note(d, path, a, b);
}

static bool differ(const json_t *a, const json_t *b)
{
    struct differences d = {.out = NULL, .shown_max = 0};

    compare(&d, "", a, b);
    return d.count > 0;
}

/* A record without a result is like another without one. */
static bool is_alike(const json_t *a, const json_t *b)
{
    return a == b || json_equal(a, b);
}

static bool decide_alike(const json_t *a, const json_t *b)
{
    return is_alike(jpath(a, "result"), jpath(b, "result")) &&
           is_alike(jpath(a, "outcome"), jpath(b, "outcome"));
}

static const struct step *numbered(const struct run *run, int64_t number, size_t near)
{
    if (near < run->count && run->steps[near].number == number)
        return &run->steps[near];
    for (size_t i = 0; i < run->count; i++)
        if (run->steps[i].number == number)
            return &run->steps[i];
    return NULL;
}

static void tell_side(const char *name, const struct run *run, const struct step *step, FILE *out)
{
    char offset[OFFSET_MAX], change[CHANGE_MAX];

    (void)fprintf(out, "  %s, %s: %s, by rule %s: %s\n", name, tell_offset(run, step, offset),
                  tell_change(step->record, change), jpath_str(step->record, "rule", ""),
                  jpath_str(step->record, "sentence", ""));
}

static void tell_figures(const json_t *a, const json_t *b, FILE *out)
{
    struct differences d = {.out = out, .shown_max = SHOWN_MAX};

    compare(&d, "", a, b);
    if (d.count > d.shown_max)
        (void)fprintf(out, "    and %zu more\n", d.count - d.shown_max);
}

struct pair { /* steps of one number */
    const struct step *a, *b;
};

struct parting {
    struct pair figures, decision; /* the first that differ; NULL: none */
    size_t compared;
};

static struct parting find_parting(const struct run *a, const struct run *b)
{
    struct parting p = {0};

    for (size_t i = 0; i < a->count && !p.decision.a; i++) {
        const struct pair both = {&a->steps[i], numbered(b, a->steps[i].number, i)};
        if (!both.b)
            continue;
        p.compared++;
        if (!p.figures.a && differ(both.a->record, both.b->record))
            p.figures = both;
        if (!decide_alike(both.a->record, both.b->record))
            p.decision = both;
    }
    return p;
}

static void tell_lengths(const struct run *a, const char *a_name, const struct run *b,
                         const char *b_name, FILE *out)
{
    if (a->count != b->count)
        (void)fprintf(out, "  %s has %zu steps, %s has %zu.\n", a_name, a->count, b_name, b->count);
}

void diff_runs(const struct run *a, const char *a_name, const struct run *b, const char *b_name,
               FILE *out)
{
    const struct parting p = find_parting(a, b);
    char steps[WORD_MAX];

    (void)fprintf(out, "%s%s", a->title, *a->title ? ": " : "");
    if (p.compared == 0) {
        (void)fprintf(out, "no step has the same number in both\n");
    } else if (!p.figures.a) {
        (void)fprintf(out, "%s, no difference\n", words_count((int64_t)p.compared, "step", steps));
    } else if (!p.decision.a) {
        (void)fprintf(out, "%s, the same decisions; the figures differ from step %" PRId64 " on\n",
                      words_count((int64_t)p.compared, "step", steps), p.figures.a->number);
        tell_figures(p.figures.a->record, p.figures.b->record, out);
    } else {
        (void)fprintf(out, "they part at step %" PRId64 "\n", p.decision.a->number);
        tell_side(a_name, a, p.decision.a, out);
        tell_side(b_name, b, p.decision.b, out);
        (void)fprintf(out, "  In figures, the cause first:\n");
        tell_figures(p.decision.a->record, p.decision.b->record, out);
        if (p.figures.a != p.decision.a) {
            (void)fprintf(out, "  Figures differ already from step %" PRId64 " on:\n",
                          p.figures.a->number);
            tell_figures(p.figures.a->record, p.figures.b->record, out);
        }
    }
    tell_lengths(a, a_name, b, b_name, out);
}
