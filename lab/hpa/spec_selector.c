// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_names.h"
#include "lab/hpa/spec_parts.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "kube/selector.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECTOR_MAX (64 * KIB)

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);

    return text ? text : "";
}

static int print_labels(struct buf *b, const json_t *labels)
{
    scoped(free_at) const char **keys = NULL;
    const char *key;
    json_t *value;
    size_t count = 0;
    int r = 0;

    keys = calloc(json_object_size(labels) + 1, sizeof(*keys));
    if (!keys)
        return -1;
    json_object_foreach ((json_t *)(uintptr_t)labels, key, value)
        keys[count++] = key;
    if (count)
        qsort(keys, count, sizeof(*keys), by_text);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = buf_printf(b, "%s: %s,", keys[i], text_of(json_object_get(labels, keys[i])));
    return r;
}

static int print_expression(struct buf *b, const json_t *e)
{
    const json_t *values = json_object_get(e, "values");
    int r = buf_printf(b, "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[",
                       text_of(json_object_get(e, "key")), text_of(json_object_get(e, "operator")));

    for (size_t i = 0; r == 0 && i < json_array_size(values); i++)
        r = buf_printf(b, "%s%s", i ? " " : "", text_of(json_array_get(values, i)));
    return r < 0 ? r : buf_puts(b, "],},");
}

/* As Go's %+v shows it. New; NULL when out of memory or longer than 64 KiB. */
static char *print_selector(const json_t *selector)
{
    scoped(buf_done) struct buf b = {.max = SELECTOR_MAX};
    const json_t *expressions = json_object_get(selector, "matchExpressions");
    int r;

    if (!selector)
        return strdup("nil");
    r = buf_puts(&b, "&LabelSelector{MatchLabels:map[string]string{");
    if (r == 0)
        r = print_labels(&b, json_object_get(selector, "matchLabels"));
    if (r == 0)
        r = buf_puts(&b, "},MatchExpressions:[]LabelSelectorRequirement{");
    for (size_t i = 0; r == 0 && i < json_array_size(expressions); i++)
        r = print_expression(&b, json_array_get(expressions, i));
    if (r == 0)
        r = buf_puts(&b, "},}");
    return r == 0 ? buf_take(&b, NULL) : NULL;
}

/* --- What the controller says about a selector that it cannot use --- */

struct complaints { /* about one requirement */
    char text[1024];
    size_t len, count;
};

static void append(struct complaints *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct complaints *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(c->text + c->len, sizeof(c->text) - c->len, format, args);
    va_end(args);
    c->len += n > 0 ? (size_t)n : 0;
    if (c->len >= sizeof(c->text))
        c->len = sizeof(c->text) - 1;
}

/* "key: Invalid value: " */
static void begin(struct complaints *c, const char *path)
{
    append(c, "%s%s: Invalid value: ", c->count++ ? ", " : "", path);
}

static void complain_of_name(struct complaints *c, const char *path, const char *value,
                             const struct faults *f)
{
    if (f->count == 0)
        return;
    begin(c, path);
    append(c, "\"%s\": ", value);
    for (size_t i = 0; i < f->count; i++)
        append(c, "%s%s", i ? "; " : "", f->texts[i]);
}

static void check_count(struct complaints *c, bool is_set, const json_t *values)
{
    if (is_set && json_array_size(values) == 0) {
        begin(c, "values");
        append(c, "null: for 'in', 'notin' operators, values set can't be empty");
    } else if (!is_set && json_array_size(values) > 0) {
        char *text = json_dumps(values, JSON_COMPACT);
        begin(c, "values");
        append(c, "%s: values set must be empty for exists and does not exist", text ? text : "");
        free(text);
    }
}

static void check_values(struct complaints *c, const char *key, const json_t *values)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *value = text_of(json_array_get(values, i));
        const struct faults f = faults_of_label_value(value);
        char path[400];
        (void)snprintf(path, sizeof(path), "values[%zu][%s]", i, key);
        complain_of_name(c, path, value, &f);
    }
}

static void check_label(struct complaints *c, const char *key, json_t *value)
{
    json_auto_t *values = json_pack("[O]", value);
    const struct faults f = faults_of_label_key(key);

    complain_of_name(c, "key", key, &f);
    check_values(c, key, values);
}

static void check_expression(struct complaints *c, const json_t *expression)
{
    const char *operator= text_of(json_object_get(expression, "operator"));
    const char *key = text_of(json_object_get(expression, "key"));
    const json_t *values = json_object_get(expression, "values");
    const struct faults f = faults_of_label_key(key);
    const bool is_set = strcmp(operator, "In") == 0 || strcmp(operator, "NotIn") == 0;

    if (!is_set && strcmp(operator, "Exists") != 0 && strcmp(operator, "DoesNotExist") != 0) {
        append(c, "\"%s\" is not a valid label selector operator", operator);
        c->count = 1;
        return;
    }
    complain_of_name(c, "key", key, &f);
    check_count(c, is_set, values);
    check_values(c, key, values);
}

/* The first requirement that is wrong is all that the controller looks at. */
static void find_fault(const json_t *selector, struct complaints *ret)
{
    const json_t *expressions = json_object_get(selector, "matchExpressions");
    json_t *labels = json_object_get(selector, "matchLabels");
    const char *key;
    json_t *value;

    json_object_foreach (labels, key, value)
        if (ret->count == 0)
            check_label(ret, key, value);
    for (size_t i = 0; ret->count == 0 && i < json_array_size(expressions); i++)
        check_expression(ret, json_array_get(expressions, i));
}

/* --- Reading --- */

static int refuse_selector(const struct place *at, struct hpa_metric *m, const json_t *selector,
                           const char *otherwise)
{
    struct complaints c = {0};

    find_fault(selector, &c);
    if (c.count == 0) /* a member of a wrong type */
        return spec_bad(at, "selector", "%s", otherwise);
    if (asprintf(&m->refused, c.count > 1 ? "[%s]" : "%s", c.text) < 0) {
        m->refused = NULL;
        return spec_no_memory(at);
    }
    return 0;
}

/* The canonical text of a good selector. */
static int set_text(const struct place *at, struct hpa_metric *m, const json_t *object)
{
    scoped(buf_done) struct buf text = {.max = SELECTOR_MAX};
    struct selector *selector = NULL;
    struct err err = {0};
    int r = selector_from_json(object, &selector, &err);

    if (r == -EINVAL)
        r = refuse_selector(at, m, object, err.text);
    else if (r == 0)
        r = selector_format(selector, &text);
    selector_free(selector);
    if (r == -E2BIG)
        return spec_bad(at, "selector", "is longer than 64 KiB");
    if (r == -EINVAL)
        return r;

    m->selector = r == 0 ? strdup(text.data ? text.data : "") : NULL;
    return m->selector ? 0 : spec_no_memory(at);
}

/* Members without meaning are left out, as an API server would. */
static json_t *known_members(const json_t *object, const char *const *members)
{
    json_t *known = json_object();

    for (; known && *members; members++) {
        json_t *value = json_object_get(object, *members);
        if (!value || (json_is_object(value) && json_object_size(value) == 0) ||
            (json_is_array(value) && json_array_size(value) == 0) || json_is_null(value))
            continue;
        if (json_object_set(known, *members, value) < 0) {
            json_decref(known);
            return NULL;
        }
    }
    return known;
}

static json_t *identifier(const char *name, const json_t *selector)
{
    static const char *const members[] = {"matchLabels", "matchExpressions", NULL};

    if (!selector)
        return json_pack("{s:s}", "name", name);
    return json_pack("{s:s, s:o}", "name", name, "selector", known_members(selector, members));
}

int spec_selector_parse(const struct place *at, struct hpa_metric *m)
{
    const json_t *selector = spec_get(at, "selector");
    struct place inside;
    int r = spec_enter(at, "selector", &inside);

    if (r == 0)
        r = set_text(at, m, selector);
    if (r < 0)
        return r;

    m->selector_print = print_selector(selector);
    m->identifier = identifier(m->name, selector);
    return m->selector_print && m->identifier ? 0 : spec_no_memory(at);
}
