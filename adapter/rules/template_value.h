// SPDX-License-Identifier: MIT
/* template_value: what a template computes with, and its functions. Inside adapter/rules.
 *
 * Values are borrowed: they point into what was passed in or into the run's pool. */
#ifndef ADAPTER_RULES_TEMPLATE_VALUE_H
#define ADAPTER_RULES_TEMPLATE_VALUE_H

#include "adapter/rules/pool.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

struct value_pair {
    const char *name, *text;
};

struct value {
    enum value_kind {
        VALUE_ROOT, /* what `.` is outside of with and range: fields, nothing else */
        VALUE_TEXT,
        VALUE_NUMBER,
        VALUE_BOOL,
        VALUE_LIST, /* of texts */
        VALUE_MAP,  /* from text to text, sorted by name */
    } kind;
    int64_t number; /* also 0 or 1 of a bool */
    const char *text;
    const char *const *items;
    const struct value_pair *pairs;
    size_t count; /* of items or pairs */
};

struct value value_text(const char *text);
struct value value_number(int64_t number);
struct value value_bool(bool is);

const char *value_kind_name(const struct value *v);

/* As Go's text/template: not empty and not zero. */
bool value_is_true(const struct value *v);

/* Appends what Go prints: a list is "[a b]", a map "map[a:x b:y]". -EINVAL for the root. */
int value_print(const struct value *v, struct buf *ret, struct err *err);

/* The text under a name, "" when there is none: never Go's "<no value>", which is no PromQL. */
struct value value_member(const struct value *map, const char *name);

struct template_function {
    const char *name;
    size_t min, max; /* arguments */
    int (*call)(const struct value *args, size_t count, struct pool *pool, struct value *ret,
                struct err *err);
};

/* NULL when there is none of that name. `and` and `or` are not here: they skip arguments. */
const struct template_function *template_function(const char *name);

#endif
