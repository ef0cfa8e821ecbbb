// SPDX-License-Identifier: MIT
#include "adapter/rules/template_value.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define PRINTED_MAX_BYTES (16 * KIB)

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

/* The text in b as a value of the pool; b is released. result is of the last append to b. */
static int keep_text(struct buf *b, int result, struct pool *pool, struct value *ret,
                     struct err *err)
{
    char *text = result == 0 ? pool_text(pool, b->data ? b->data : "", b->len) : NULL;

    buf_done(b);
    if (result < 0)
        return result == -EINVAL ? result : err_set(err, result, "it makes too long a text");
    if (!text)
        return no_memory(err);
    *ret = value_text(text);
    return 0;
}

/* ---- print, printf, println ---- */

/* As Go's Sprint: a blank between two arguments of which neither is a text. */
static int call_print(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                      struct err *err)
{
    struct buf text = {.max = PRINTED_MAX_BYTES};
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        if (i && args[i].kind != VALUE_TEXT && args[i - 1].kind != VALUE_TEXT)
            r = buf_puts(&text, " ");
        if (r == 0)
            r = value_print(&args[i], &text, err);
    }
    return keep_text(&text, r, pool, ret, err);
}

static int call_println(const struct value *args, size_t count, struct pool *pool,
                        struct value *ret, struct err *err)
{
    struct buf text = {.max = PRINTED_MAX_BYTES};
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        if (i)
            r = buf_puts(&text, " ");
        if (r == 0)
            r = value_print(&args[i], &text, err);
    }
    if (r == 0)
        r = buf_puts(&text, "\n");
    return keep_text(&text, r, pool, ret, err);
}

static int put_quoted(struct buf *text, const char *c)
{
    int r = buf_puts(text, "\"");

    for (; r == 0 && *c; c++) {
        if (*c == '"' || *c == '\\')
            r = buf_printf(text, "\\%c", *c);
        else if (*c == '\n')
            r = buf_puts(text, "\\n");
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            r = buf_printf(text, "\\x%02x", (unsigned)*c);
        else
            r = buf_append(text, c, 1);
    }
    return r == 0 ? buf_puts(text, "\"") : r;
}

static int put_verb(struct buf *text, char verb, const struct value *arg, struct err *err)
{
    if (verb == 'v' || (verb == 's' && arg->kind != VALUE_NUMBER && arg->kind != VALUE_BOOL) ||
        (verb == 'd' && arg->kind == VALUE_NUMBER))
        return value_print(arg, text, err);
    if (verb == 'q' && arg->kind == VALUE_TEXT)
        return put_quoted(text, arg->text);
    return err_set(err, -EINVAL, "printf: %%%c does not print %s (there are %%s %%v %%d %%q %%%%)",
                   verb, value_kind_name(arg));
}

static int call_printf(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                       struct err *err)
{
    struct buf text = {.max = PRINTED_MAX_BYTES};
    size_t used = 1;
    int r = 0;

    if (args[0].kind != VALUE_TEXT)
        return err_set(err, -EINVAL, "printf: the first argument is the format, a text");
    for (const char *c = args[0].text; r == 0 && *c; c++) {
        if (*c != '%') {
            r = buf_append(&text, c, 1);
        } else if (*++c == '%') {
            r = buf_puts(&text, "%");
        } else if (!*c || used == count) {
            r = err_set(err, -EINVAL, "printf: '%s' asks for more than it is given", args[0].text);
            break;
        } else {
            r = put_verb(&text, *c, &args[used++], err);
        }
    }
    if (r == 0 && used < count)
        r = err_set(err, -EINVAL, "printf: '%s' is given more than it asks for", args[0].text);
    return keep_text(&text, r, pool, ret, err);
}

/* ---- len, index, slice ---- */

static size_t length_of(const struct value *v)
{
    return v->kind == VALUE_TEXT ? strlen(v->text) : v->count;
}

static int call_len(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                    struct err *err)
{
    (void)count;
    (void)pool;
    if (args->kind != VALUE_TEXT && args->kind != VALUE_LIST && args->kind != VALUE_MAP)
        return err_set(err, -EINVAL, "len of %s", value_kind_name(args));
    *ret = value_number((int64_t)length_of(args));
    return 0;
}

static int call_index(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                      struct err *err)
{
    const struct value *of = &args[0], *at = &args[1];

    (void)count;
    (void)pool;
    if (of->kind == VALUE_MAP && at->kind == VALUE_TEXT) {
        *ret = value_member(of, at->text);
        return 0;
    }
    if (of->kind != VALUE_LIST || at->kind != VALUE_NUMBER)
        return err_set(err, -EINVAL, "index of %s by %s", value_kind_name(of), value_kind_name(at));
    if (at->number < 0 || (uint64_t)at->number >= of->count)
        return err_set(err, -EINVAL, "index %lld is outside of a list of %zu",
                       (long long)at->number, of->count);
    *ret = value_text(of->items[at->number]);
    return 0;
}

static int call_slice(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                      struct err *err)
{
    size_t bounds[2] = {0, length_of(args)};

    if (args->kind != VALUE_TEXT && args->kind != VALUE_LIST)
        return err_set(err, -EINVAL, "slice of %s", value_kind_name(args));
    for (size_t i = 1; i < count; i++) {
        if (args[i].kind != VALUE_NUMBER || args[i].number < 0 ||
            (uint64_t)args[i].number > length_of(args))
            return err_set(err, -EINVAL, "slice: the bounds are numbers from 0 to %zu here",
                           length_of(args));
        bounds[i - 1] = (size_t)args[i].number;
    }
    if (bounds[0] > bounds[1])
        return err_set(err, -EINVAL, "slice from %zu to %zu", bounds[0], bounds[1]);

    *ret = *args;
    if (args->kind == VALUE_TEXT) {
        ret->text = pool_text(pool, args->text + bounds[0], bounds[1] - bounds[0]);
        return ret->text ? 0 : no_memory(err);
    }
    ret->items += bounds[0];
    ret->count = bounds[1] - bounds[0];
    return 0;
}

/* ---- not and comparisons ---- */

static int call_not(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                    struct err *err)
{
    (void)count;
    (void)pool;
    (void)err;
    *ret = value_bool(!value_is_true(args));
    return 0;
}

/* As strcmp, for two of one kind. */
static int compare(const struct value *a, const struct value *b, int *ret, struct err *err)
{
    if (a->kind != b->kind || a->kind == VALUE_ROOT || a->kind == VALUE_LIST ||
        a->kind == VALUE_MAP)
        return err_set(err, -EINVAL, "%s cannot be compared with %s", value_kind_name(a),
                       value_kind_name(b));
    *ret = a->kind == VALUE_TEXT ? strcmp(a->text, b->text)
                                 : (a->number > b->number) - (a->number < b->number);
    return 0;
}

/* The first equals one of the others. */
static int call_eq(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                   struct err *err)
{
    bool found = false;

    (void)pool;
    for (size_t i = 1; i < count; i++) {
        int order = 0;
        int r = compare(&args[0], &args[i], &order, err);
        if (r < 0)
            return r;
        found = found || order == 0;
    }
    *ret = value_bool(found);
    return 0;
}

#define COMPARISON(name, is)                                                                       \
    static int call_##name(const struct value *args, size_t count, struct pool *pool,              \
                           struct value *ret, struct err *err)                                     \
    {                                                                                              \
        int order = 0, r = compare(&args[0], &args[1], &order, err);                               \
                                                                                                   \
        (void)count;                                                                               \
        (void)pool;                                                                                \
        if (r == 0)                                                                                \
            *ret = value_bool(is);                                                                 \
        return r;                                                                                  \
    }
COMPARISON(ne, order != 0)
COMPARISON(lt, order < 0)
COMPARISON(le, order <= 0)
COMPARISON(gt, order > 0)
COMPARISON(ge, order >= 0)

#define ANY 16

const struct template_function *template_function(const char *name)
{
    static const struct template_function functions[] = {
        {"print", 0, ANY, call_print},   {"println", 0, ANY, call_println},
        {"printf", 1, ANY, call_printf}, {"len", 1, 1, call_len},
        {"index", 2, 2, call_index},     {"slice", 1, 3, call_slice},
        {"not", 1, 1, call_not},         {"eq", 2, ANY, call_eq},
        {"ne", 2, 2, call_ne},           {"lt", 2, 2, call_lt},
        {"le", 2, 2, call_le},           {"gt", 2, 2, call_gt},
        {"ge", 2, 2, call_ge},
    };

    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}
