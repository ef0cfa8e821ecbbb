// SPDX-License-Identifier: MIT
#include "lab/replay/stored.h"

#include "kube/quantity.h"

#include <string.h>

/* --- Keeping --- */

static void make_canonical(json_t *values, const char *member)
{
    const json_t *given = json_object_get(values, member);
    const char *text = json_string_value(given);
    char canonical[QUANTITY_TEXT_MAX];
    int64_t milli;

    if (!given || quantity_from_json(given, &milli) < 0)
        return;
    if (text && strchr(text, 'i'))
        (void)quantity_format_binary(milli, canonical);
    else
        (void)quantity_format(milli, canonical);
    (void)json_object_set_new(values, member, json_string(canonical));
}

json_t *stored_status(const json_t *status)
{
    json_t *stored = json_is_object(status) ? json_deep_copy(status) : json_object();
    const json_t *metric;
    const char *key;
    json_t *source;
    size_t i;

    json_array_foreach (json_object_get(stored, "currentMetrics"), i, metric)
        json_object_foreach ((json_t *)(uintptr_t)metric, key, source) {
            make_canonical(json_object_get(source, "current"), "value");
            make_canonical(json_object_get(source, "current"), "averageValue");
        }
    return stored;
}

/* --- Showing --- */

static json_t *text_of(const json_t *object, const char *member)
{
    json_t *value = json_object_get(object, member);

    return json_is_string(value) ? json_incref(value) : json_string("");
}

static json_t *conditions_of(const json_t *status)
{
    json_t *shown = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(status, "conditions"), i, c)
        (void)json_array_append_new(
            shown, json_pack("{s:o, s:o, s:o, s:o}", "type", text_of(c, "type"), "status",
                             text_of(c, "status"), "reason", text_of(c, "reason"), "message",
                             text_of(c, "message")));
    return shown;
}

static json_int_t count_of(const json_t *status, const char *member)
{
    return json_integer_value(json_object_get(status, member));
}

json_t *stored_shown(const json_t *status)
{
    return json_pack(
        "{s:I, s:I, s:O?, s:O?, s:o}", "currentReplicas", count_of(status, "currentReplicas"),
        "desiredReplicas", count_of(status, "desiredReplicas"), "lastScaleTime",
        json_object_get(status, "lastScaleTime"), "currentMetrics",
        json_object_get(status, "currentMetrics"), "conditions", conditions_of(status));
}
