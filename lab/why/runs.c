// SPDX-License-Identifier: MIT
#include "lab/why/runs.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/hpa/hpa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct where { /* for messages */
    const char *path;
    int line;
};

static int refuse(const struct where *w, struct err *err, const char *what)
{
    return err_set(err, -EINVAL, "'%s' line %d: %s", w->path, w->line, what);
}

static int out_of_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

/* ---- runs and steps ---- */

static char *title_of(const char *scene, const json_t *record)
{
    scoped(buf_done) struct buf title = {.max = 4 * KIB};
    const char *name = jpath_str(record, "hpa.name", "");
    int r = buf_puts(&title, scene);

    if (r == 0 && *name)
        r = buf_printf(&title, "%s%s/%s", *scene ? ", " : "",
                       jpath_str(record, "hpa.namespace", ""), name);
    return r == 0 ? buf_take(&title, NULL) : NULL;
}

/* Takes title. */
static struct run *add_run(struct runs *r, const char *scene, char *title)
{
    if (r->count == r->size) {
        const size_t size = r->size ? 2 * r->size : 16;
        struct run *all = reallocarray(r->all, size, sizeof(*all));
        if (!all) {
            free(title);
            return NULL;
        }
        r->all = all;
        r->size = size;
    }
    struct run *run = &r->all[r->count];
    *run = (struct run){.title = title, .scene = strdup(scene)};
    r->count++;
    if (!run->scene ||
        json_object_set_new(r->by_title, title, json_integer((json_int_t)r->count - 1)) < 0)
        return NULL;
    return run;
}

static struct run *find_or_add(struct runs *r, const char *scene, const json_t *record)
{
    char *title = title_of(scene, record);
    const json_t *at = title ? json_object_get(r->by_title, title) : NULL;

    if (!title)
        return NULL;
    if (!at)
        return add_run(r, scene, title);
    free(title);
    return &r->all[json_integer_value(at)];
}

static int add_step(struct run *run, const struct step *step)
{
    if (run->count == run->size) {
        const size_t size = run->size ? 2 * run->size : 32;
        struct step *steps = reallocarray(run->steps, size, sizeof(*steps));
        if (!steps)
            return -ENOMEM;
        run->steps = steps;
        run->size = size;
    }
    run->steps[run->count++] = *step;
    return 0;
}

/* number: NULL to count. */
static int add_record(struct runs *r, const struct where *w, const char *scene,
                      const json_t *number, const json_t *record, struct err *err)
{
    struct step step = {.record = record};

    if (!jpath(record, "sentence"))
        return refuse(w, err, "this is no decision record");
    if (jpath_int(record, "version", 0) != HPA_RECORD_VERSION)
        return err_set(err, -EINVAL, "'%s' line %d: the record has version %lld, known is %d",
                       w->path, w->line, (long long)jpath_int(record, "version", 0),
                       HPA_RECORD_VERSION);
    if (clock_parse_rfc3339(jpath_str(record, "time", ""), &step.time_ns) < 0)
        return refuse(w, err, "the record's time is not RFC 3339");

    struct run *run = find_or_add(r, scene, record);
    if (!run)
        return out_of_memory(err);
    step.number = json_is_integer(number) ? json_integer_value(number) : (int64_t)run->count;
    return add_step(run, &step) < 0 ? out_of_memory(err) : 0;
}

/* ---- documents ---- */

static int add_report(struct runs *r, const struct where *w, const json_t *report, struct err *err)
{
    const json_t *scene, *record;
    size_t i, k;

    json_array_foreach (json_object_get(report, "scenes"), i, scene) {
        json_array_foreach (json_object_get(scene, "decisions"), k, record) {
            int ret = add_record(r, w, jpath_str(scene, "name", ""), NULL, record, err);
            if (ret < 0)
                return ret;
        }
    }
    return 0;
}

static int add_item(struct runs *r, const struct where *w, const json_t *item, struct err *err)
{
    return add_record(r, w, jpath_str(item, "name", ""), json_object_get(item, "step"),
                      json_object_get(item, "record"), err);
}

static int add_items(struct runs *r, const struct where *w, const json_t *list, struct err *err)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        int ret = add_item(r, w, item, err);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int add_document(struct runs *r, const struct where *w, const json_t *document,
                        struct err *err)
{
    if (json_is_array(json_object_get(document, "scenes")))
        return add_report(r, w, document, err);
    if (json_is_array(json_object_get(document, "items")))
        return add_items(r, w, json_object_get(document, "items"), err);
    if (json_is_object(json_object_get(document, "record")))
        return add_item(r, w, document, err);
    if (json_object_get(document, "sentence"))
        return add_record(r, w, "", NULL, document, err);
    if (json_object_get(document, "step"))
        return refuse(w, err, "this step has no record: run evaluate with --record");
    return refuse(w, err,
                  "neither a report of 'swell-lab demo --report' nor a line of "
                  "'swell-lab evaluate --record'");
}

static int lines_in(const char *text, size_t len)
{
    int lines = 0;

    for (const char *end = text + len; (text = memchr(text, '\n', (size_t)(end - text))); text++)
        lines++;
    return lines;
}

static size_t blanks_at(const char *text)
{
    return strspn(text, " \t\r\n");
}

static int add_text(struct runs *r, struct where *w, const char *text, size_t len, size_t *ret_used,
                    struct err *err)
{
    json_error_t bad;
    json_t *document = json_loadb(text, len, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &bad);

    if (!document)
        return err_set(err, -EINVAL, "'%s' line %d: %s", w->path, w->line + bad.line - 1, bad.text);
    if (json_array_append_new(r->documents, document) < 0)
        return out_of_memory(err);
    *ret_used = (size_t)bad.position;
    return add_document(r, w, document, err);
}

int runs_parse(const char *path, const char *text, size_t len, struct runs *ret, struct err *err)
{
    struct runs runs = {.documents = json_array(), .by_title = json_object()};
    struct where w = {.path = path, .line = 1};
    size_t at = 0, used = 0, next;
    int r = 0;

    while (r == 0 && (next = at + used + blanks_at(text + at + used)) < len) {
        w.line += lines_in(text + at, next - at);
        at = next;
        r = add_text(&runs, &w, text + at, len - at, &used, err);
    }
    if (r == 0 && runs.count == 0)
        r = err_set(err, -EINVAL, "'%s' holds no decision", path);
    if (r < 0)
        runs_done(&runs);
    else
        *ret = runs;
    return r;
}

int runs_read(const char *path, struct runs *ret, struct err *err)
{
    scoped(buf_done) struct buf text = {.max = RUNS_INPUT_MAX};
    int r = buf_read_file(&text, strcmp(path, "-") == 0 ? "/dev/stdin" : path, err);

    return r < 0 ? r : runs_parse(path, text.data ? text.data : "", text.len, ret, err);
}

void runs_done(struct runs *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->all[i].scene);
        free(r->all[i].title);
        free(r->all[i].steps);
    }
    free(r->all);
    json_decref(r->by_title);
    json_decref(r->documents);
    *r = (struct runs){0};
}

const struct run *runs_find(const struct runs *r, const char *title)
{
    const json_t *at = json_object_get(r->by_title, title);

    return at ? &r->all[json_integer_value(at)] : NULL;
}
