// SPDX-License-Identifier: MIT
#include "adapter/rules/query_text.h"

#include "base/err.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define MATCHERS_MAX 64
#define LABEL_MAX 384 /* a key of Kubernetes has at most 253 + 1 + 63 bytes */

const char *const query_fields[] = {"Series",  "LabelMatchers", "LabelValuesByName",
                                    "GroupBy", "GroupBySlice",  NULL};

struct builder {
    struct pool pool;
    struct buf matchers; /* .LabelMatchers */
    struct value_pair pairs[MATCHERS_MAX];
    size_t pair_count;
    struct err *err;
};

static void builder_done(struct builder *b)
{
    buf_done(&b->matchers);
    pool_done(&b->pool);
}

/* One value between the quotes of a PromQL text. */
static int put_value(struct buf *text, const char *value, bool as_pattern)
{
    int r = 0;

    for (const char *c = value; r == 0 && *c; c++) {
        if (*c == '"')
            r = buf_puts(text, "\\\"");
        else if (*c == '\\')
            r = buf_puts(text, as_pattern ? "\\\\\\\\" : "\\\\");
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            r = buf_printf(text, "\\x%02x", (unsigned)*c);
        else if (as_pattern && strchr(".+*?()|[]{}^$", *c))
            r = buf_printf(text, "\\\\%c", *c);
        else
            r = buf_append(text, c, 1);
    }
    return r;
}

static int put_matcher(struct buf *text, const char *label, const char *op,
                       const char *const *values, size_t count)
{
    bool as_pattern = strchr(op, '~') != NULL;
    int r = buf_printf(text, "%s%s%s\"", text->len ? "," : "", label, op);

    for (size_t i = 0; r == 0 && i < count; i++) {
        if (i)
            r = buf_puts(text, "|");
        if (r == 0)
            r = put_value(text, values[i], as_pattern);
    }
    return r == 0 ? buf_puts(text, "\"") : r;
}

/* For .LabelValuesByName, which stands between quotes too: several can only be meant for =~. */
static int join_values(struct builder *b, const char *const *values, size_t count, const char **ret)
{
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        if (i)
            r = buf_puts(&text, "|");
        if (r == 0)
            r = put_value(&text, values[i], count > 1);
    }
    if (r < 0)
        return r;
    *ret = pool_text(&b->pool, text.data ? text.data : "", text.len);
    return *ret ? 0 : -ENOMEM;
}

static int add_matcher(struct builder *b, const char *label, const char *op,
                       const char *const *values, size_t count)
{
    struct value_pair *pair = &b->pairs[b->pair_count];

    if (b->pair_count == MATCHERS_MAX)
        return err_set(b->err, -EINVAL, "the selector has more than %d requirements",
                       MATCHERS_MAX - 2);
    int r = put_matcher(&b->matchers, label, op, values, count);
    if (r == 0)
        r = join_values(b, values, count, &pair->text);
    if (r < 0)
        return r;
    pair->name = pool_text(&b->pool, label, strlen(label));
    b->pair_count++;
    return pair->name ? 0 : -ENOMEM;
}

/* A key of Kubernetes as a label of Prometheus. */
static void label_name(const char *key, char ret[LABEL_MAX])
{
    size_t len = 0;

    if (isdigit((unsigned char)*key))
        ret[len++] = '_';
    for (; *key && len + 1 < LABEL_MAX; key++)
        ret[len++] = isalnum((unsigned char)*key) ? *key : '_';
    ret[len] = '\0';
}

static bool has_value(const struct selector_requirement *q, const char *value)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->values[i], value) == 0)
            return true;
    return false;
}

static bool allows(const struct selector_requirement *q, const char *value)
{
    switch (q->op) {
    case SELECTOR_EQUAL:
    case SELECTOR_IN:
        return has_value(q, value);
    case SELECTOR_NOT_EQUAL:
    case SELECTOR_NOT_IN:
        return !has_value(q, value);
    case SELECTOR_EXISTS:
        return true;
    case SELECTOR_ABSENT:
        break;
    }
    return false;
}

/* 1: the matcher of the label itself says as much; 0: there is no such matcher; -EINVAL. */
static int settled(const struct builder *b, const struct query_input *in, const char *label,
                   const struct selector_requirement *q)
{
    bool of_namespace = in->namespace && strcmp(label, in->namespace_label) == 0;
    bool of_object = in->object_label && strcmp(label, in->object_label) == 0;

    if (!of_namespace && !of_object)
        return 0;
    if (of_namespace ? allows(q, in->namespace) : in->name_count == 1 && allows(q, in->names[0]))
        return 1;
    return err_set(
        b->err, -EINVAL,
        "the metric selector's '%s' cannot be: the label is already asked to be the %s%s", q->key,
        of_namespace ? "namespace " : "object's name", of_namespace ? in->namespace : "");
}

static int add_requirement(struct builder *b, const struct query_input *in,
                           const struct selector_requirement *q)
{
    static const char *const ops[] = {
        [SELECTOR_EQUAL] = "=",   [SELECTOR_NOT_EQUAL] = "!=", [SELECTOR_IN] = "=~",
        [SELECTOR_NOT_IN] = "!~", [SELECTOR_EXISTS] = "!=",    [SELECTOR_ABSENT] = "=",
    };
    char label[LABEL_MAX];

    label_name(q->key, label);
    int r = settled(b, in, label, q);
    if (r != 0)
        return r < 0 ? r : 0;
    return add_matcher(b, label, ops[q->op], q->values, q->count);
}

static int add_matchers(struct builder *b, const struct query_input *in)
{
    struct selector_requirement q;
    int r = 0;

    for (size_t i = 0; r == 0 && in->selector && selector_requirement(in->selector, i, &q); i++)
        r = add_requirement(b, in, &q);
    if (r == 0 && in->namespace)
        r = add_matcher(b, in->namespace_label, "=", &in->namespace, 1);
    if (r == 0 && in->object_label)
        r = add_matcher(b, in->object_label, in->name_count > 1 ? "=~" : "=", in->names,
                        in->name_count);
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct value_pair *)a)->name, ((const struct value_pair *)b)->name);
}

static int run_template(const struct template *t, const struct query_input *in, struct builder *b,
                        struct buf *ret)
{
    scoped(buf_done) struct buf group_by = {.max = (size_t)2 * LABEL_MAX};
    const char *labels[2] = {in->object_label, in->also_by};
    size_t before = ret->len;
    int r = 0;

    if (in->object_label)
        r = buf_printf(&group_by, "%s%s%s", in->object_label, in->also_by ? "," : "",
                       in->also_by ? in->also_by : "");
    if (r < 0)
        return r;
    qsort(b->pairs, b->pair_count, sizeof(*b->pairs), by_name);
    const struct value values[] = {
        value_text(in->series),
        value_text(b->matchers.data ? b->matchers.data : ""),
        {.kind = VALUE_MAP, .pairs = b->pairs, .count = b->pair_count},
        value_text(group_by.data ? group_by.data : ""),
        {.kind = VALUE_LIST,
         .items = labels,
         .count = in->object_label ? 1 + (in->also_by != NULL) : 0},
    };
    r = template_run(t, values, ret, b->err);
    if (r == 0 && ret->len == before)
        return err_set(b->err, -EINVAL, "the metricsQuery makes an empty query");
    return r;
}

int query_text(const struct template *t, const struct query_input *in, struct buf *ret,
               struct err *err)
{
    scoped(builder_done) struct builder b = {
        .pool.max = 2 * QUERY_TEXT_MAX_BYTES, .matchers.max = QUERY_TEXT_MAX_BYTES, .err = err};

    if (in->name_count > QUERY_OBJECTS_MAX)
        return err_set(err, -E2BIG, "%zu objects are too many for one query (limit %d)",
                       in->name_count, QUERY_OBJECTS_MAX);
    int r = add_matchers(&b, in);
    return r == 0 ? run_template(t, in, &b, ret) : r;
}
