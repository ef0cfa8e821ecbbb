// SPDX-License-Identifier: MIT
#include "adapter/rules/template_value.h"

#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct value value_text(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

struct value value_number(int64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

struct value value_bool(bool is)
{
    return (struct value){.kind = VALUE_BOOL, .number = is};
}

const char *value_kind_name(const struct value *v)
{
    static const char *const names[] = {"the whole input", "a text", "a number",
                                        "a truth value",   "a list", "a map"};

    return names[v->kind];
}

bool value_is_true(const struct value *v)
{
    switch (v->kind) {
    case VALUE_TEXT:
        return v->text[0] != '\0';
    case VALUE_NUMBER:
    case VALUE_BOOL:
        return v->number != 0;
    case VALUE_LIST:
    case VALUE_MAP:
        return v->count > 0;
    case VALUE_ROOT:
        break;
    }
    return true;
}

static int print_list(const struct value *v, struct buf *ret)
{
    int r = buf_puts(ret, "[");

    for (size_t i = 0; r == 0 && i < v->count; i++)
        r = buf_printf(ret, "%s%s", i ? " " : "", v->items[i]);
    return r == 0 ? buf_puts(ret, "]") : r;
}

static int print_map(const struct value *v, struct buf *ret)
{
    int r = buf_puts(ret, "map[");

    for (size_t i = 0; r == 0 && i < v->count; i++)
        r = buf_printf(ret, "%s%s:%s", i ? " " : "", v->pairs[i].name, v->pairs[i].text);
    return r == 0 ? buf_puts(ret, "]") : r;
}

int value_print(const struct value *v, struct buf *ret, struct err *err)
{
    switch (v->kind) {
    case VALUE_TEXT:
        return buf_puts(ret, v->text);
    case VALUE_NUMBER:
        return buf_printf(ret, "%" PRId64, v->number);
    case VALUE_BOOL:
        return buf_puts(ret, v->number ? "true" : "false");
    case VALUE_LIST:
        return print_list(v, ret);
    case VALUE_MAP:
        return print_map(v, ret);
    case VALUE_ROOT:
        break;
    }
    return err_set(err, -EINVAL, "'.' alone cannot be printed");
}

struct value value_member(const struct value *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->pairs[i].name, name) == 0)
            return value_text(map->pairs[i].text);
    return value_text("");
}
