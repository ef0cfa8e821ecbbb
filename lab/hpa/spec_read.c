// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void join(char *ret, size_t size, const char *path, const char *member)
{
    if (snprintf(ret, size, "%s%s%s", path, *path && *member ? "." : "", member) >= (int)size)
        ret[size - 1] = '\0'; /* only a path of absurd names is cut */
}

int spec_bad(const struct place *at, const char *member, int code, const char *format, ...)
{
    struct hpa_spec_error *e = at->error;
    char text[sizeof(e->err.text)];
    va_list args;

    join(e->path, sizeof(e->path), at->path, member ? member : "");
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(&e->err, code, "%s: %s", e->path, text);
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
        return spec_bad(at, member, -EINVAL, "must be an object");

    ret->object = value;
    ret->error = at->error;
    join(ret->path, sizeof(ret->path), at->path, member);
    return 0;
}

int spec_list(const struct place *at, const char *member, size_t *ret_count)
{
    const json_t *value = spec_get(at, member);

    if (value && !json_is_array(value))
        return spec_bad(at, member, -EINVAL, "must be a list");

    *ret_count = json_array_size(value);
    return 0;
}

int spec_element(const struct place *at, const char *member, size_t i, struct place *ret)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s[%zu]", member, i);
    const json_t *value = json_array_get(spec_get(at, member), i);
    if (!json_is_object(value))
        return spec_bad(at, name, -EINVAL, "must be an object");

    ret->object = value;
    ret->error = at->error;
    join(ret->path, sizeof(ret->path), at->path, name);
    return 0;
}

int spec_text(const struct place *at, const char *member, const char **ret)
{
    const json_t *value = spec_get(at, member);

    if (value && !json_is_string(value))
        return spec_bad(at, member, -EINVAL, "must be a string");

    *ret = value ? json_string_value(value) : "";
    return 0;
}

int spec_name(const struct place *at, const char *member, char **ret)
{
    const char *text = "";
    int r = spec_text(at, member, &text);

    if (r < 0)
        return r;
    if (!*text)
        return spec_bad(at, member, -EINVAL, "is required");
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strpbrk(text, "/%"))
        return spec_bad(at, member, -EINVAL,
                        "must not be '.' or '..' nor have '/' or '%%' in it, is '%.80s'", text);

    char *copy = strdup(text);
    if (!copy)
        return spec_no_memory(at);
    *ret = copy;
    return 0;
}

int spec_int(const struct place *at, const char *member, struct range range, int32_t *ret)
{
    const json_t *value = spec_get(at, member);
    json_int_t number;

    if (!value) {
        *ret = range.otherwise;
        return 0;
    }
    if (!json_is_integer(value))
        return spec_bad(at, member, -EINVAL, "must be a whole number");

    number = json_integer_value(value);
    if (number < range.min)
        return spec_bad(at, member, -EINVAL, "must be >= %" PRId32 ", is %" JSON_INTEGER_FORMAT,
                        range.min, number);
    if (number > range.max)
        return spec_bad(at, member, -EINVAL, "must be <= %" PRId32 ", is %" JSON_INTEGER_FORMAT,
                        range.max, number);
    *ret = (int32_t)number;
    return 0;
}
