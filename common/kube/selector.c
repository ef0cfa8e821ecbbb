// SPDX-License-Identifier: MIT
#include "kube/selector.h"

#include "base/err.h"
#include "base/scoped.h"
#include "kube/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum op { OP_EQUAL, OP_NOT_EQUAL, OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT, OP_GREATER, OP_LESS };

struct requirement {
    enum op op;
    char *key;
    char **values; /* sorted; from a text also unique */
    size_t count;
    size_t order; /* where it stood in what was read */
};

struct selector {
    struct requirement *requirements; /* sorted by key; those of one key as they came */
    size_t count;
};

/* How much of what a person wrote is quoted back. */
#define QUOTED "'%.80s'"

static void requirement_done(struct requirement *q)
{
    for (size_t i = 0; i < q->count; i++)
        free(q->values[i]);
    free(q->values);
    free(q->key);
}

void selector_free(struct selector *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        requirement_done(&s->requirements[i]);
    free(s->requirements);
    free(s);
}

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

/* Grows an array of *count elements by one; sizes are powers of two, so none is stored. */
static void *grown(void *array, size_t count, size_t element_size)
{
    if (count & (count - 1))
        return array;
    return reallocarray(array, count ? 2 * count : 1, element_size);
}

static int add_value(struct requirement *q, const char *text, size_t len)
{
    char **values = grown(q->values, q->count, sizeof(*values));

    if (!values)
        return -ENOMEM;
    q->values = values;

    values[q->count] = strndup(text, len);
    if (!values[q->count])
        return -ENOMEM;
    q->count++;
    return 0;
}

/* Takes what q holds, also on failure. */
static int add_requirement(struct selector *s, struct requirement *q)
{
    struct requirement *all = grown(s->requirements, s->count, sizeof(*all));

    if (!all) {
        requirement_done(q);
        return -ENOMEM;
    }
    s->requirements = all;
    q->order = s->count;
    all[s->count++] = *q;
    return 0;
}

/* --- What Kubernetes accepts as key and value --- */

static bool is_name(const char *text, size_t len)
{
    return len <= 63 && names_is_label(text, len);
}

static bool is_subdomain(const char *text, size_t len)
{
    return len <= 253 && names_is_dns_subdomain(text, len);
}

static int check_key(const char *key, struct err *err)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;

    if (slash && !is_subdomain(key, (size_t)(slash - key)))
        return err_set(err, -EINVAL,
                       "label key " QUOTED ": the part before '/' must be a lower-case DNS name of "
                       "at most 253 characters",
                       key);
    if (!is_name(name, strlen(name)))
        return err_set(err, -EINVAL,
                       "label key " QUOTED ": the name must be 1 to 63 letters, digits, '-', '_' "
                       "or '.', with a letter or digit at both ends",
                       key);
    return 0;
}

static int check_value(const char *key, const char *value, struct err *err)
{
    if (!*value || is_name(value, strlen(value)))
        return 0;
    return err_set(err, -EINVAL,
                   "label value " QUOTED " of key " QUOTED ": it must be at most 63 letters, "
                   "digits, '-', '_' or '.', with a letter or digit at both ends",
                   value, key);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_values(struct requirement *q)
{
    if (q->count)
        qsort(q->values, q->count, sizeof(*q->values), by_text);
}

/* Checks and sorts what parsers collected. */
static int finish_requirement(struct requirement *q, struct err *err)
{
    int r = check_key(q->key, err);

    for (size_t i = 0; r == 0 && i < q->count; i++)
        r = check_value(q->key, q->values[i], err);
    if (r < 0)
        return r;
    if ((q->op == OP_IN || q->op == OP_NOT_IN) && q->count == 0)
        return err_set(err, -EINVAL, "the set of values for key " QUOTED " is empty", q->key);
    if ((q->op == OP_EXISTS || q->op == OP_ABSENT) && q->count > 0)
        return err_set(err, -EINVAL, "key " QUOTED ": Exists and DoesNotExist take no values",
                       q->key);

    sort_values(q);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct requirement *x = a, *y = b;

    int order = strcmp(x->key, y->key);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Takes q: into s when it is valid. */
static int accept(struct selector *s, struct requirement *q, struct err *err)
{
    int r = finish_requirement(q, err);

    if (r < 0) {
        requirement_done(q);
        return r;
    }
    return add_requirement(s, q) < 0 ? no_memory(err) : 0;
}

/* --- Text --- */

struct token {
    char kind; /* 'a' identifier, '=' (also "=="), '#' for "!=", '!', '(', ')', ',', '<', '>', 0 */
    const char *text;
    size_t len;
};

struct lexer {
    const char *rest;
    struct token token; /* the one ahead */
};

#define BLANKS " \t\r\n"

static void advance(struct lexer *l)
{
    const char *c = l->rest + strspn(l->rest, BLANKS);
    struct token t = {.kind = *c, .text = c, .len = *c != '\0'};

    if (*c && !strchr("=!(),<>", *c))
        t = (struct token){.kind = 'a', .text = c, .len = strcspn(c, "=!(),<>" BLANKS)};
    else if (strncmp(c, "==", 2) == 0)
        t.len = 2;
    else if (strncmp(c, "!=", 2) == 0)
        t = (struct token){.kind = '#', .text = c, .len = 2};

    l->token = t;
    l->rest = t.text + t.len;
}

static bool is_word(const struct lexer *l, const char *word)
{
    return l->token.kind == 'a' && l->token.len == strlen(word) &&
           strncmp(l->token.text, word, l->token.len) == 0;
}

static int unexpected(const struct lexer *l, const char *expected, struct err *err)
{
    return err_set(err, -EINVAL, "found '%.*s'%s expected: %s",
                   l->token.len > 80 ? 80 : (int)l->token.len, l->token.text,
                   strcmp(expected, "'('") == 0 ? "" : ",", expected);
}

static int parse_key(struct lexer *l, struct requirement *q, struct err *err)
{
    if (l->token.kind != 'a') /* also "in": it is an operator only where one is expected */
        return unexpected(l, "identifier", err);

    q->key = strndup(l->token.text, l->token.len);
    advance(l);
    return q->key ? check_key(q->key, err) : no_memory(err);
}

static bool at_end(const struct lexer *l)
{
    return l->token.kind == ',' || l->token.kind == '\0';
}

/* What follows '=' or '!='; nothing is the empty value. */
static int parse_value(struct lexer *l, struct requirement *q, struct err *err)
{
    bool empty = at_end(l);

    if (!empty && l->token.kind != 'a')
        return unexpected(l, "identifier", err);
    if (add_value(q, l->token.text, empty ? 0 : l->token.len) < 0)
        return no_memory(err);
    if (!empty)
        advance(l);
    return 0;
}

/* a,b) with nothing between two commas being the empty value. */
static int parse_set_values(struct lexer *l, struct requirement *q, struct err *err)
{
    for (;;) {
        bool empty = l->token.kind == ',' || l->token.kind == ')';
        if (!empty && l->token.kind != 'a')
            return unexpected(l, "',', or identifier", err);
        if (add_value(q, l->token.text, empty ? 0 : l->token.len) < 0)
            return no_memory(err);
        if (!empty)
            advance(l);
        if (l->token.kind == ')')
            return 0;
        if (l->token.kind != ',')
            return unexpected(l, "',' or ')'", err);
        advance(l);
    }
}

/* "()" is the empty value, too. */
static int parse_set(struct lexer *l, struct requirement *q, struct err *err)
{
    if (l->token.kind != '(')
        return unexpected(l, "'('", err);
    advance(l);
    if (l->token.kind != 'a' && l->token.kind != ',' && l->token.kind != ')')
        return unexpected(l, "',', ')' or identifier", err);
    int r = parse_set_values(l, q, err);
    if (r == 0)
        advance(l);
    return r;
}

static int parse_operator(struct lexer *l, struct requirement *q, struct err *err)
{
    static const struct {
        char kind;
        enum op op;
    } exact[] = {{'=', OP_EQUAL}, {'#', OP_NOT_EQUAL}, {'>', OP_GREATER}, {'<', OP_LESS}};

    for (size_t i = 0; i < ARRAY_LEN(exact); i++)
        if (l->token.kind == exact[i].kind) {
            q->op = exact[i].op;
            advance(l);
            return parse_value(l, q, err);
        }
    if (!is_word(l, "in") && !is_word(l, "notin"))
        return unexpected(l, "in, notin, =, ==, !=, gt, lt", err);
    q->op = is_word(l, "in") ? OP_IN : OP_NOT_IN;
    advance(l);
    return parse_set(l, q, err);
}

/* Kubernetes reads a set, but takes the list of a LabelSelector as it is. */
static void drop_twins(struct requirement *q)
{
    size_t kept = 0;

    sort_values(q);
    for (size_t i = 0; i < q->count; i++)
        if (kept > 0 && strcmp(q->values[kept - 1], q->values[i]) == 0)
            free(q->values[i]);
        else
            q->values[kept++] = q->values[i];
    q->count = kept;
}

static int parse_requirement(struct lexer *l, struct requirement *q, struct err *err)
{
    bool absent = l->token.kind == '!';
    int r;

    if (absent)
        advance(l);
    r = parse_key(l, q, err);
    if (r < 0)
        return r;

    q->op = absent ? OP_ABSENT : OP_EXISTS;
    if (!absent && !at_end(l))
        r = parse_operator(l, q, err);
    drop_twins(q);
    return r;
}

static int parse_next(struct selector *s, struct lexer *l, struct err *err)
{
    struct requirement q = {0};
    int r = parse_requirement(l, &q, err);

    if (r < 0)
        requirement_done(&q);
    else
        r = accept(s, &q, err);
    return r == -EINVAL ? err_wrap(err, r, "unable to parse requirement") : r;
}

static bool begins_requirement(const struct lexer *l)
{
    return l->token.kind == 'a' || l->token.kind == '!';
}

static int parse_all(struct selector *s, struct lexer *l, struct err *err)
{
    if (l->token.kind == '\0')
        return 0;
    if (!begins_requirement(l))
        return unexpected(l, "!, identifier, or 'end of string'", err);
    for (;;) {
        int r = parse_next(s, l, err);
        if (r < 0 || l->token.kind == '\0')
            return r;
        if (l->token.kind != ',')
            return unexpected(l, "',' or 'end of string'", err);
        advance(l);
        if (!begins_requirement(l))
            return unexpected(l, "identifier after ','", err);
    }
}

/* Hands s out, sorted, when reading it gave r = 0; otherwise frees it. */
static int finish(struct selector *s, int r, struct selector **ret)
{
    if (r < 0) {
        selector_free(s);
        return r;
    }
    if (s->count)
        qsort(s->requirements, s->count, sizeof(*s->requirements), by_key);
    *ret = s;
    return 0;
}

static int parse_text(const char *text, struct selector **ret, struct err *err)
{
    struct lexer l = {.rest = text};
    struct selector *s = calloc(1, sizeof(*s));

    if (!s)
        return no_memory(err);

    advance(&l);
    return finish(s, parse_all(s, &l, err), ret);
}

int selector_parse(const char *text, struct selector **ret, struct err *err)
{
    struct selector *s = NULL;
    int r = parse_text(text, &s, err);

    for (size_t i = 0; r == 0 && i < s->count; i++)
        if (s->requirements[i].op == OP_GREATER || s->requirements[i].op == OP_LESS)
            r = err_set(err, -EINVAL, "key " QUOTED ": '<' and '>' are not supported",
                        s->requirements[i].key);
    if (r < 0)
        selector_free(s);
    else
        *ret = s;
    return r;
}

/* --- Through a LabelSelector --- */

static int refuse_operator(enum op op, struct err *err)
{
    if (op == OP_GREATER || op == OP_LESS)
        return err_set(err, -EINVAL, "\"%s\" isn't supported in label selectors",
                       op == OP_LESS ? "lt" : "gt");
    if (op == OP_NOT_EQUAL)
        return err_set(err, -EINVAL, "\"!=\" is not a valid label selector operator");
    return 0;
}

static bool equals_again(const struct selector *s, size_t i)
{
    const char *key = s->requirements[i].key;

    for (size_t k = i + 1; k < s->count && strcmp(s->requirements[k].key, key) == 0; k++)
        if (s->requirements[k].op == OP_EQUAL)
            return true;
    return false;
}

/* matchLabels, of which there is one a key, come before matchExpressions. */
static void order_as_labels(struct selector *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct requirement *q = &s->requirements[i];
        if (q->op == OP_EQUAL && equals_again(s, i)) {
            requirement_done(q);
            continue;
        }
        q->order = q->op == OP_EQUAL ? 0 : q->order + 1;
        s->requirements[kept++] = *q;
    }
    s->count = kept;
    if (kept)
        qsort(s->requirements, kept, sizeof(*s->requirements), by_key);
}

int selector_parse_labels(const char *text, struct selector **ret, struct err *err)
{
    struct selector *s = NULL;
    int r = parse_text(text, &s, err);

    if (r == -EINVAL)
        return err_wrap(err, r, "couldn't parse the selector string \"%s\"", text);
    for (size_t i = 0; r == 0 && i < s->count; i++)
        r = refuse_operator(s->requirements[i].op, err);
    if (r < 0) {
        selector_free(s);
        return r;
    }
    order_as_labels(s);
    *ret = s;
    return 0;
}

/* --- LabelSelector objects --- */

static int read_match_labels(struct selector *s, const json_t *labels, struct err *err)
{
    const char *key;
    json_t *value;
    int r = 0;

    if (labels && !json_is_null(labels) && !json_is_object(labels))
        return err_set(err, -EINVAL, "matchLabels must be an object");

    json_object_foreach ((json_t *)(uintptr_t)labels, key, value) {
        struct requirement q = {.op = OP_EQUAL};
        if (!json_is_string(value))
            return err_set(err, -EINVAL, "matchLabels." QUOTED " must be a string", key);
        q.key = strdup(key);
        if (!q.key || add_value(&q, json_string_value(value), json_string_length(value)) < 0) {
            requirement_done(&q);
            return no_memory(err);
        }
        r = accept(s, &q, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_operator(const json_t *expression, enum op *ret_op, struct err *err)
{
    static const struct {
        const char *word;
        enum op op;
    } words[] = {
        {"In", OP_IN}, {"NotIn", OP_NOT_IN}, {"Exists", OP_EXISTS}, {"DoesNotExist", OP_ABSENT}};
    const char *word = json_string_value(json_object_get(expression, "operator"));

    for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
        if (strcmp(word, words[i].word) == 0) {
            *ret_op = words[i].op;
            return 0;
        }
    return err_set(err, -EINVAL, "operator must be In, NotIn, Exists or DoesNotExist");
}

static int read_values(const json_t *values, struct requirement *q, struct err *err)
{
    size_t i;
    json_t *value;

    if (values && !json_is_null(values) && !json_is_array(values))
        return err_set(err, -EINVAL, "values must be a list of strings");

    json_array_foreach (values, i, value) {
        if (!json_is_string(value))
            return err_set(err, -EINVAL, "values must be a list of strings");
        if (add_value(q, json_string_value(value), json_string_length(value)) < 0)
            return no_memory(err);
    }
    return 0;
}

static int read_expression(const json_t *expression, struct requirement *q, struct err *err)
{
    const char *key = json_string_value(json_object_get(expression, "key"));
    int r = read_operator(expression, &q->op, err);

    if (r < 0)
        return r;
    if (!key)
        return err_set(err, -EINVAL, "key must be a string");

    q->key = strdup(key);
    if (!q->key)
        return no_memory(err);
    return read_values(json_object_get(expression, "values"), q, err);
}

static int read_match_expressions(struct selector *s, const json_t *list, struct err *err)
{
    size_t i;
    json_t *expression;

    if (list && !json_is_null(list) && !json_is_array(list))
        return err_set(err, -EINVAL, "matchExpressions must be a list");

    json_array_foreach (list, i, expression) {
        struct requirement q = {0};
        int r = read_expression(expression, &q, err);
        if (r < 0)
            requirement_done(&q);
        else
            r = accept(s, &q, err);
        if (r < 0)
            return err_wrap(err, r, "matchExpressions[%zu]", i);
    }
    return 0;
}

int selector_from_json(const json_t *label_selector, struct selector **ret, struct err *err)
{
    bool nothing = !label_selector || json_is_null(label_selector);
    struct selector *s;
    int r;

    if (!nothing && !json_is_object(label_selector))
        return err_set(err, -EINVAL, "a label selector must be an object");
    s = calloc(1, sizeof(*s));
    if (!s)
        return no_memory(err);

    r = read_match_labels(s, json_object_get(label_selector, "matchLabels"), err);
    if (r == 0)
        r = read_match_expressions(s, json_object_get(label_selector, "matchExpressions"), err);
    return finish(s, r, ret);
}

/* --- Using it --- */

bool selector_is_empty(const struct selector *s)
{
    return s->count == 0;
}

static bool has_value(const struct requirement *q, const char *value)
{
    return value && bsearch(&value, q->values, q->count, sizeof(*q->values), by_text);
}

static bool fits(const struct requirement *q, const char *value)
{
    switch (q->op) {
    case OP_EQUAL:
    case OP_IN:
        return has_value(q, value);
    case OP_NOT_EQUAL:
    case OP_NOT_IN:
        return !has_value(q, value);
    case OP_EXISTS:
        return value;
    case OP_ABSENT:
        return !value;
    case OP_GREATER: /* refused */
    case OP_LESS:
        break;
    }
    return false;
}

bool selector_requirement(const struct selector *s, size_t i, struct selector_requirement *ret)
{
    static const enum selector_op ops[] = {
        [OP_EQUAL] = SELECTOR_EQUAL,   [OP_NOT_EQUAL] = SELECTOR_NOT_EQUAL,
        [OP_IN] = SELECTOR_IN,         [OP_NOT_IN] = SELECTOR_NOT_IN,
        [OP_EXISTS] = SELECTOR_EXISTS, [OP_ABSENT] = SELECTOR_ABSENT,
    };

    if (i >= s->count)
        return false;
    const struct requirement *q = &s->requirements[i];
    *ret = (struct selector_requirement){.op = ops[q->op],
                                         .key = q->key,
                                         .values = (const char *const *)q->values,
                                         .count = q->count};
    return true;
}

bool selector_matches(const struct selector *s, const json_t *labels)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct requirement *q = &s->requirements[i];
        if (!fits(q, json_string_value(json_object_get(labels, q->key))))
            return false;
    }
    return true;
}

static int format_set(const struct requirement *q, struct buf *b)
{
    int r = buf_printf(b, "%s %s (", q->key, q->op == OP_IN ? "in" : "notin");

    for (size_t i = 0; r == 0 && i < q->count; i++)
        r = buf_printf(b, "%s%s", i ? "," : "", q->values[i]);
    if (r < 0)
        return r;
    return buf_puts(b, ")");
}

static int format_requirement(const struct requirement *q, struct buf *b)
{
    switch (q->op) {
    case OP_EQUAL:
        return buf_printf(b, "%s=%s", q->key, q->values[0]);
    case OP_NOT_EQUAL:
        return buf_printf(b, "%s!=%s", q->key, q->values[0]);
    case OP_IN:
    case OP_NOT_IN:
        return format_set(q, b);
    case OP_EXISTS:
        return buf_puts(b, q->key);
    case OP_ABSENT:
        return buf_printf(b, "!%s", q->key);
    case OP_GREATER: /* refused */
    case OP_LESS:
        break;
    }
    return -EINVAL;
}

int selector_format(const struct selector *s, struct buf *ret_text)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->count; i++) {
        if (i)
            r = buf_puts(ret_text, ",");
        if (r == 0)
            r = format_requirement(&s->requirements[i], ret_text);
    }
    return r;
}
