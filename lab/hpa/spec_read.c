// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void join(char *ret, size_t size, const char *path, const char *member)
{
    if (snprintf(ret, size, "%s%s%s", path, *path && *member ? "." : "", member) >= (int)size)
        ret[size - 1] = '\0'; /* only a path of absurd names is cut */
}

static int word(const struct place *at, const char *member, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static int word(const struct place *at, const char *member, const char *format, va_list args)
{
    struct hpa_spec_error *e = at->error;
    char text[sizeof(e->err.text)];

    join(e->path, sizeof(e->path), at->path, member ? member : "");
    (void)vsnprintf(text, sizeof(text), format, args);
    return err_set(&e->err, -EINVAL, "%s: %s", e->path, text);
}

int spec_bad(const struct place *at, const char *member, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int r = word(at, member, format, args);
    va_end(args);
    return r;
}

void spec_complain(const struct place *at, const char *member, const char *format, ...)
{
    struct hpa_spec_error one = {0}, *all = at->error;
    struct place here = *at;
    va_list args;

    here.error = &one;
    va_start(args, format);
    (void)word(&here, member, format, args);
    va_end(args);

    const size_t len = strlen(all->err.text);
    if (all->count == 0)
        *all = one;
    else if (!strstr(all->err.text, one.err.text))
        (void)snprintf(all->err.text + len, sizeof(all->err.text) - len, ", %s", one.err.text);
    else
        return;
    all->count++;
}

int spec_complaints(struct hpa_spec_error *error)
{
    char text[sizeof(error->err.text)];

    if (error->count == 0)
        return 0;
    (void)snprintf(text, sizeof(text), "%s", error->err.text);
    return error->count == 1 ? -EINVAL : err_set(&error->err, -EINVAL, "[%s]", text);
}

int spec_no_memory(const struct place *at)
{
    return err_set(&at->error->err, -ENOMEM, "out of memory");
}

json_t *spec_get(const struct place *at, const char *member)
{
    json_t *value = json_object_get(at->object, member);

    return json_is_null(value) ? NULL : value;
}

int spec_enter(const struct place *at, const char *member, struct place *ret)
{
    const json_t *value = spec_get(at, member);

    if (value && !json_is_object(value))
        return spec_bad(at, member, "must be an object");

    ret->object = value;
    ret->error = at->error;
    join(ret->path, sizeof(ret->path), at->path, member);
    return 0;
}

int spec_list(const struct place *at, const char *member, size_t *ret_count)
{
    const json_t *value = spec_get(at, member);

    if (value && !json_is_array(value))
        return spec_bad(at, member, "must be a list");

    *ret_count = json_array_size(value);
    return 0;
}

int spec_element(const struct place *at, const char *member, size_t i, struct place *ret)
{
    char name[64];
    const json_t *value = json_array_get(spec_get(at, member), i);

    (void)snprintf(name, sizeof(name), "%s[%zu]", member, i);
    if (json_is_null(value))
        value = NULL;
    else if (!json_is_object(value))
        return spec_bad(at, name, "must be an object");

    ret->object = value;
    ret->error = at->error;
    join(ret->path, sizeof(ret->path), at->path, name);
    return 0;
}

int spec_text(const struct place *at, const char *member, const char **ret)
{
    const json_t *value = spec_get(at, member);

    if (value && !json_is_string(value))
        return spec_bad(at, member, "must be a string");

    *ret = value ? json_string_value(value) : "";
    return 0;
}

int spec_copy(const struct place *at, const char *member, char **ret)
{
    const char *text = "";
    int r = spec_text(at, member, &text);

    if (r < 0)
        return r;

    char *copy = strdup(text);
    if (!copy)
        return spec_no_memory(at);
    *ret = copy;
    return 0;
}

int spec_int(const struct place *at, const char *member, int32_t *ret)
{
    const json_t *value = spec_get(at, member);
    json_int_t number;

    if (!value)
        return 0;
    if (!json_is_integer(value))
        return spec_bad(at, member, "must be a whole number");

    number = json_integer_value(value);
    if (number < INT32_MIN || number > INT32_MAX)
        return spec_bad(at, member, "must fit 32 bits, is %" JSON_INTEGER_FORMAT, number);
    *ret = (int32_t)number;
    return 0;
}

int spec_amount(const struct place *at, const char *member, struct amount *ret)
{
    const json_t *value = spec_get(at, member);

    if (value && amount_from_json(value, ret) < 0)
        return spec_bad(at, member, "must be a quantity such as 5, 200m or 1Gi");
    return 0;
}
