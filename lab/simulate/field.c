// SPDX-License-Identifier: MIT
#include "lab/simulate/field.h"

#include "base/err.h"
#include "kube/jpath_step.h"

#include <errno.h>
#include <string.h>

static int malformed(const char *path, struct err *err)
{
    return err_set(err, -EINVAL, "'%s' is no path such as spec.metrics[0].type", path);
}

/* path up to rest is where it ends. */
static int not_there(const char *path, const char *rest, struct err *err)
{
    int len = (int)(rest - path);

    if (len > 0 && path[len - 1] == '.')
        len--;
    return err_set(err, -EINVAL, "%.*s is not there", len, path);
}

static int enter(json_t *at, const struct jpath_step *step, const char *path, const char *rest,
                 json_t **ret, struct err *err)
{
    if (!step->name) {
        *ret = json_array_get(at, step->index);
        return *ret ? 0 : not_there(path, rest, err);
    }
    if (!json_is_object(at))
        return not_there(path, rest, err);
    *ret = json_object_getn(at, step->name, step->name_len);
    if (*ret && !json_is_null(*ret))
        return 0;
    if (json_object_setn_new(at, step->name, step->name_len, json_object()) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = json_object_getn(at, step->name, step->name_len);
    return 0;
}

static int put(json_t *at, const struct jpath_step *step, const char *path, const json_t *value,
               struct err *err)
{
    json_t *copy = json_deep_copy(value);
    int r;

    if (!copy)
        return err_set(err, -ENOMEM, "out of memory");
    if (step->name)
        r = json_object_setn_new(at, step->name, step->name_len, copy);
    else
        r = json_array_set_new(at, step->index, copy);
    return r < 0 ? not_there(path, path + strlen(path), err) : 0;
}

int field_set(json_t *root, const char *path, const json_t *value, struct err *err)
{
    const char *rest = path;
    struct jpath_step step;
    json_t *at = root;

    for (;;) {
        if (!jpath_step_take(&rest, &step))
            return malformed(path, err);
        if (!*rest)
            return put(at, &step, path, value, err);
        int r = enter(at, &step, path, rest, &at, err);
        if (r < 0)
            return r;
    }
}
