// SPDX-License-Identifier: MIT
/* config_custom: the section customMetrics: values of objects, from any source that gives samples
 * with labels.
 *
 *     customMetrics:
 *     - name: requests_per_second
 *       resource: pods               # or deployments.apps, ...; default pods
 *       objectLabel: pod             # its value is the object's name; default: the singular name
 *       namespaceLabel: namespace    # whose value is the object's namespace; absent: namespace is
 *       namespace: shop              # only served there
 *       source: {prometheus: {url: "http://prometheus:9090", query: "sum by (pod) (rps)"}}
 *       interval: 5s
 *       maxAge: 60s
 *
 * An object with a namespace needs namespaceLabel or namespace: else two of one name would be one.
 * Read-only once read: any thread. */
#ifndef ADAPTER_CONFIG_CUSTOM_H
#define ADAPTER_CONFIG_CUSTOM_H

#include "adapter/query.h"
#include "adapter/rules/catalogue.h"
#include "kube/strict.h"

#include <stdio.h>

#define CUSTOM_METRICS_MAX 1000

struct custom_metric {
    char *name;
    struct resource resource; /* with texts of its own */
    char *object_label;
    char *namespace_label, *namespace; /* NULL: none */
    struct query_spec query;           /* holds a reference to its source */
    uint64_t max_age_ns;
};

struct custom_metrics { /* {0} is empty */
    struct custom_metric *items;
    size_t count;
};

/* Absent: none. ret is {0} before; custom_metrics_done releases it, also after a failure. */
int custom_metrics_read(const struct strict *s, const json_t *document, struct custom_metrics *ret);
void custom_metrics_done(struct custom_metrics *c);

void custom_metrics_print(const struct custom_metrics *c, FILE *out); /* one line each */
void custom_metrics_help(FILE *out);

/* Whether the metric is of that resource, as a path writes it: "pods", "deployments.apps". */
bool custom_metric_is_of(const struct custom_metric *m, const char *path);

#endif
