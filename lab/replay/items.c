// SPDX-License-Identifier: MIT
#include "lab/replay/items.h"

#include "base/clock.h"
#include "kube/amount.h"
#include "lab/replay/decode.h"

#include <string.h>

static const struct {
    const char *list, *item;
} names[] = {
    [ITEMS_POD_METRICS] = {"PodMetricsList", "v1beta1.PodMetrics"},
    [ITEMS_CUSTOM] = {"MetricValueList", "v1beta2.MetricValue"},
    [ITEMS_EXTERNAL] = {"ExternalMetricValueList", "v1beta1.ExternalMetricValue"},
};

static const char *quantity_fault(const json_t *value)
{
    static const char digits[] = "0123456789.", suffix[] = "eEinumkKMGTP";
    struct amount amount;

    if (!value || json_is_null(value) || amount_from_json(value, &amount) == 0)
        return NULL;
    const char *c = json_is_string(value) ? json_string_value(value) : "";
    c += *c == '+' || *c == '-';
    const size_t number = strspn(c, digits);
    c += number;
    c += strspn(c, suffix);
    c += *c == '+' || *c == '-';
    c += strspn(c, "0123456789");
    if (number > 0 && !*c)
        return "unable to parse quantity's suffix";
    return "quantities must match the regular expression "
           "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

static const char *time_fault(struct texts *t, const json_t *value)
{
    const char *text = json_string_value(value);
    uint64_t ns;

    if (!value || json_is_null(value) || (text && clock_parse_rfc3339(text, &ns) == 0))
        return NULL;
    if (!text)
        return texts_format(t, "json: cannot unmarshal %s into Go value of type string",
                            decode_go_type(value));
    return texts_format(t,
                        "parsing time \"%s\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"%s\" "
                        "as \"2006\"",
                        text, text);
}

static const char *usage_fault(const json_t *containers)
{
    const json_t *row;
    const char *key, *fault = NULL;
    json_t *value;
    size_t i;

    json_array_foreach (containers, i, row)
        json_object_foreach (json_object_get(row, "usage"), key, value)
            if (!fault)
                fault = quantity_fault(value);
    return fault;
}

static const char *item_fault(struct texts *t, enum items_kind kind, const json_t *item)
{
    const char *fault;

    if (!json_is_object(item) && !json_is_null(item))
        return texts_format(t, "json: cannot unmarshal %s into Go struct field %s.items of type %s",
                            decode_go_type(item), names[kind].list, names[kind].item);
    fault = time_fault(t, json_object_get(item, "timestamp"));
    if (!fault)
        fault = kind == ITEMS_POD_METRICS ? usage_fault(json_object_get(item, "containers"))
                                          : quantity_fault(json_object_get(item, "value"));
    return fault;
}

const char *items_fault(struct texts *t, enum items_kind kind, const json_t *items)
{
    const json_t *item;
    const char *fault = NULL;
    size_t i;

    if (items && !json_is_array(items) && !json_is_null(items))
        return texts_format(t,
                            "json: cannot unmarshal %s into Go struct field %s.items of type []%s",
                            decode_go_type(items), names[kind].list, names[kind].item);
    json_array_foreach (items, i, item)
        if (!fault)
            fault = item_fault(t, kind, item);
    return fault;
}
