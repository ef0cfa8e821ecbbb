// SPDX-License-Identifier: MIT
#include "kube/jpath.h"

#include "kube/jpath_step.h"

#include <string.h>

/* ["app.kubernetes.io/name"] */
static bool take_quoted(const char **path, struct jpath_step *ret)
{
    const char *name = *path + 2;
    const char *end = strstr(name, "\"]");

    if (!end)
        return false;

    *ret = (struct jpath_step){.name = name, .name_len = (size_t)(end - name)};
    *path = end + 2;
    return true;
}

/* [12] */
static bool take_index(const char **path, struct jpath_step *ret)
{
    const char *c = *path + 1;
    size_t index = 0;

    if (*c == ']')
        return false;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(index, 10, &index) ||
            __builtin_add_overflow(index, (size_t)(*c - '0'), &index))
            return false;
    if (*c != ']')
        return false;

    *ret = (struct jpath_step){.index = index};
    *path = c + 1;
    return true;
}

static bool take_name(const char **path, struct jpath_step *ret)
{
    size_t len = strcspn(*path, ".[");

    if (len == 0)
        return false;

    *ret = (struct jpath_step){.name = *path, .name_len = len};
    *path += len;
    return true;
}

bool jpath_step_take(const char **path, struct jpath_step *ret)
{
    const char *rest = *path;
    bool taken;

    if (rest[0] == '[' && rest[1] == '"')
        taken = take_quoted(&rest, ret);
    else if (rest[0] == '[')
        taken = take_index(&rest, ret);
    else
        taken = take_name(&rest, ret);
    if (!taken || (*rest && *rest != '.' && *rest != '['))
        return false;

    if (rest[0] == '.' && rest[1] != '\0' && rest[1] != '[')
        rest++;
    *path = rest;
    return true;
}

json_t *jpath(const json_t *root, const char *path)
{
    const json_t *value = root;
    struct jpath_step step;

    while (*path) {
        if (!jpath_step_take(&path, &step))
            return NULL;
        value = step.name ? json_object_getn(value, step.name, step.name_len)
                          : json_array_get(value, step.index);
    }
    return json_is_null(value) ? NULL : (json_t *)(uintptr_t)value;
}

const char *jpath_str(const json_t *root, const char *path, const char *otherwise)
{
    const char *text = json_string_value(jpath(root, path));

    return text ? text : otherwise;
}

int64_t jpath_int(const json_t *root, const char *path, int64_t otherwise)
{
    const json_t *value = jpath(root, path);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double jpath_double(const json_t *root, const char *path, double otherwise)
{
    const json_t *value = jpath(root, path);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool jpath_bool(const json_t *root, const char *path, bool otherwise)
{
    const json_t *value = jpath(root, path);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}
