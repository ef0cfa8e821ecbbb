// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include "base/buf.h"
#include "base/scoped.h"

#include <stdlib.h>
#include <string.h>

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

char *spec_selector_print(const json_t *selector)
{
    scoped(buf_done) struct buf b = {.max = 64 * KIB};
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
