// SPDX-License-Identifier: MIT
#include "lab/replay/stored.h"

#include "base/scoped.h"
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

json_int_t stored_count(const json_t *status, const char *member)
{
    return json_integer_value(json_object_get(status, member));
}

static void write_condition(const json_t *condition, struct json_writer *w)
{
    static const char *const members[] = {"type", "status", "reason", "message"};

    json_write_open(w, '{');
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const json_t *text = json_object_get(condition, members[i]);
        json_write_key(w, members[i]);
        if (json_is_string(text))
            json_write_value(w, text);
        else
            json_write_text(w, "");
    }
    json_write_close(w, '}');
}

static void write_conditions(const json_t *status, struct json_writer *w)
{
    const json_t *c;
    size_t i;

    json_write_open(w, '[');
    json_array_foreach (json_object_get(status, "conditions"), i, c)
        write_condition(c, w);
    json_write_close(w, ']');
}

void stored_write(const json_t *status, struct json_writer *w)
{
    json_write_open(w, '{');
    json_write_key(w, "currentReplicas");
    json_write_integer(w, stored_count(status, "currentReplicas"));
    json_write_key(w, "desiredReplicas");
    json_write_integer(w, stored_count(status, "desiredReplicas"));
    json_write_key(w, "lastScaleTime");
    json_write_value(w, json_object_get(status, "lastScaleTime"));
    json_write_key(w, "currentMetrics");
    json_write_value(w, json_object_get(status, "currentMetrics"));
    json_write_key(w, "conditions");
    write_conditions(status, w);
    json_write_close(w, '}');
}
