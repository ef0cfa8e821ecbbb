// SPDX-License-Identifier: MIT
#include "lab/replay/value.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int value_no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

int value_wrong(struct json_walk *w, const char *what)
{
    const struct json_text found = json_walk_value(w);

    if (w->result < 0)
        return w->result;
    return err_set(w->err, -EINVAL, "must be %s, not %.*s", what,
                   found.len > 40 ? 40 : (int)found.len, found.at);
}

int value_enter_object(struct json_walk *w)
{
    if (json_walk_object(w))
        return 1;
    if (json_walk_type(w) != 'n')
        return value_wrong(w, "an object");
    (void)json_walk_value(w);
    return w->result;
}

int value_enter_list(struct json_walk *w)
{
    if (json_walk_list(w))
        return 1;
    if (json_walk_type(w) != 'n')
        return value_wrong(w, "a list");
    (void)json_walk_value(w);
    return w->result;
}

int value_json(struct json_walk *w, json_t **ret)
{
    const bool null = json_walk_type(w) == 'n';
    const struct json_text text = json_walk_value(w);

    if (w->result < 0 || null)
        return w->result;
    json_decref(*ret);
    *ret = json_text_load(text, w->err);
    return *ret ? 0 : -EINVAL;
}

int value_text(struct json_text text, char **ret, size_t *ret_len, struct err *err)
{
    const bool plain = json_text_is_plain(text);
    json_auto_t *value = plain ? NULL : json_text_load(text, err);
    const char *from = plain ? text.at + 1 : json_string_value(value);

    if (!from)
        return -EINVAL;
    free(*ret);
    *ret_len = plain ? text.len - 2 : json_string_length(value);
    *ret = malloc(*ret_len + 1);
    if (!*ret)
        return value_no_memory(err);
    memcpy(*ret, from, *ret_len);
    (*ret)[*ret_len] = '\0';
    return 0;
}

int value_string(struct json_walk *w, char **ret)
{
    size_t len;

    if (json_walk_type(w) != '"')
        return value_wrong(w, "a string");
    const struct json_text text = json_walk_value(w);
    if (w->result < 0)
        return w->result;
    int r = value_text(text, ret, &len, w->err);
    if (r == 0 && strlen(*ret) != len)
        return err_set(w->err, -EINVAL, "must not have a NUL character");
    return r;
}

int value_bool(struct json_walk *w, bool *ret)
{
    const char type = json_walk_type(w);

    if (type != 't' && type != 'n')
        return value_wrong(w, "true or false");
    *ret = *w->at == 't';
    (void)json_walk_value(w);
    return w->result;
}
