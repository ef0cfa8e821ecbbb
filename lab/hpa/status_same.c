// SPDX-License-Identifier: MIT
/* Are two statuses the same to the controller? Source: apimachinery, api/equality, Semantic. */
#include "lab/hpa/hpa.h"

#include "base/clock.h"
#include "kube/amount.h"

#include <string.h>

static bool is_quantity(const char *key)
{
    return strcmp(key, "value") == 0 || strcmp(key, "averageValue") == 0;
}

static bool is_time(const char *key)
{
    return strcmp(key, "lastScaleTime") == 0 || strcmp(key, "lastTransitionTime") == 0;
}

/* What an API server leaves out, or might as well. */
static bool is_empty(const char *key, const json_t *value)
{
    const bool is_count =
        strcmp(key, "currentReplicas") == 0 || strcmp(key, "desiredReplicas") == 0;

    return !value || json_is_null(value) || (is_count && json_integer_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool same_quantity(const json_t *a, const json_t *b)
{
    struct amount x, y;

    return amount_from_json(a, &x) == 0 && amount_from_json(b, &y) == 0 &&
           amount_compare(&x, &y) == 0;
}

static bool same_time(const json_t *a, const json_t *b)
{
    uint64_t x, y;

    return json_is_string(a) && json_is_string(b) &&
           clock_parse_rfc3339(json_string_value(a), &x) == 0 &&
           clock_parse_rfc3339(json_string_value(b), &y) == 0 && x == y;
}

static bool same(const char *key, const json_t *a, const json_t *b);

static bool same_list(const json_t *a, const json_t *b)
{
    const size_t count = json_array_size(a);

    if (json_array_size(b) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!same("", json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

static bool has_same_members(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)a, key, value)
        if (!same(key, value, json_object_get(b, key)))
            return false;
    return true;
}

static bool same(const char *key, const json_t *a, const json_t *b)
{
    if (is_empty(key, a) && is_empty(key, b))
        return true;
    if (is_quantity(key))
        return same_quantity(a, b);
    if (is_time(key))
        return same_time(a, b);
    if (json_is_object(a) || json_is_object(b)) {
        if (strcmp(key, "selector") == 0 && (!a || !b)) /* none is not the same as an empty one */
            return false;
        return has_same_members(a, b) && has_same_members(b, a);
    }
    return json_is_array(a) ? same_list(a, b) : json_equal(a, b);
}

bool hpa_status_same(const json_t *a, const json_t *b)
{
    return same("", a, b);
}
