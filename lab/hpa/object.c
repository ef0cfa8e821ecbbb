// SPDX-License-Identifier: MIT
#include "lab/hpa/object.h"

#include <math.h>

struct object object_begin(void)
{
    return (struct object){json_object()};
}

void object_fail(struct object *o)
{
    json_decref(o->json);
    o->json = NULL;
}

void object_put(struct object *o, const char *key, json_t *value)
{
    if (json_object_set_new(o->json, key, value) < 0)
        object_fail(o);
}

void object_text(struct object *o, const char *key, const char *text)
{
    if (text)
        object_put(o, key, json_string(text));
}

void object_int(struct object *o, const char *key, int64_t value)
{
    object_put(o, key, json_integer(value));
}

/* JSON has no infinity: with status replicas 0 a ratio is one. */
void object_real(struct object *o, const char *key, double value)
{
    if (isfinite(value))
        object_put(o, key, json_real(value));
}

void object_bool(struct object *o, const char *key, int value)
{
    object_put(o, key, json_boolean(value));
}

void list_append(json_t **list, json_t *value)
{
    if (json_array_append_new(*list, value) == 0)
        return;
    json_decref(*list);
    *list = NULL;
}
