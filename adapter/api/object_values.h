// SPDX-License-Identifier: MIT
/* object_values: the answer to a read of objects' values, made of a query's reading. Pure: no I/O,
 * time is passed in. Source: custom.metrics.k8s.io v1beta1 and v1beta2. */
#ifndef ADAPTER_API_OBJECT_VALUES_H
#define ADAPTER_API_OBJECT_VALUES_H

#include "adapter/objects.h"
#include "adapter/query.h"
#include "http/server.h"

struct object_read { /* what was asked for; all but names is borrowed */
    bool v1beta2;    /* else v1beta1 */
    bool pretty;
    const char *metric;
    const struct resource *resource;
    const char *namespace; /* NULL: the resource has none */
    struct names names;    /* sorted */
    bool all; /* of a selector: those without a value are left out; else there is one name */
    const char *label;               /* of the samples; its value is the object's name */
    const char *namespace_label;     /* samples of other namespaces do not count; NULL: all do */
    const struct selector *selector; /* of samples; NULL: all */
    uint64_t max_age_ns;
};

/* 200 with a MetricValueList; else a Status: 404 when there is no value for the one object, 500
 * when there are two for one, 503 when the reading is too old, missing, or no number. */
struct http_reply object_values_reply(const struct object_read *read, const struct query *query,
                                      const struct reading *reading, uint64_t now_ns);

#endif
