// SPDX-License-Identifier: MIT
#include "adapter/sources/constant.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {{"value", true}, {0}};
    int64_t *value_milli = ret->settings = calloc(1, sizeof(*value_milli));

    ret->shown_as = strdup("a constant");
    if (!value_milli || !ret->shown_as)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    return r == 0 ? strict_quantity(s, mapping, path, "value", 0, INT64_MAX, value_milli) : r;
}

static int ask(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err)
{
    const int64_t *value_milli = s->settings;

    (void)p;
    int r = samples_add_value(ret, *value_milli);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static void help(FILE *out)
{
    (void)fputs("      constant: {value: 12}   always the same\n", out);
}

const struct source_kind constant_kind = {
    .name = "constant",
    .read_config = read_config,
    .done = free,
    .ask = ask,
    .asks_at_once = true,
    .help = help,
};
