// SPDX-License-Identifier: MIT
/* metric_list: which metrics the rules make of the series that Prometheus has. Immutable once made
 * and counted: any thread.
 *
 * The later rule wins a metric's name, and within a rule the later series. */
#ifndef ADAPTER_RULES_METRIC_LIST_H
#define ADAPTER_RULES_METRIC_LIST_H

#include "adapter/rules/catalogue.h"
#include "adapter/rules/rules.h"

/* A series without the values of its labels: what all series of one name and the same labels have
 * in common. Borrowed. */
struct series_shape {
    const char *name;
    const char *const *labels; /* without __name__, sorted */
    size_t label_count;
};

struct shapes {
    const struct series_shape *items;
    size_t count;
};

#define METRIC_LIST_MAX 100000 /* metrics of objects, and as many external ones */

struct object_metric {
    const char *name;
    const struct resource *resource;
    const struct rule *rule;
    const char *series;
    const char *label;           /* whose value is the object's name */
    const char *namespace_label; /* NULL: the resource has no namespaces */
    size_t order;                /* in which it was made */
};

struct external_rule_metric {
    const char *name;
    const struct rule *rule;
    const char *series;
    const char *namespace_label; /* NULL: in every namespace the same */
    size_t order;
};

struct metric_list { /* read-only */
    const struct catalogue *catalogue;
    const struct object_metric *objects; /* sorted by name, plural and group of the resource */
    size_t object_count;
    const struct external_rule_metric *externals; /* sorted by name */
    size_t external_count;
    size_t left_out; /* series whose metric's name cannot be part of a path, or beyond the limit */
};

/* custom[i] are the shapes of rules->custom[i], external[i] those of rules->external[i]. Takes the
 * catalogue, also when it fails, and adds resources to it that only the rules name. rules are
 * borrowed until the last metric_list_unref. NULL when out of memory. */
struct metric_list *metric_list_new(const struct rules *rules, struct catalogue *catalogue,
                                    const struct shapes *custom, const struct shapes *external);
struct metric_list *metric_list_ref(const struct metric_list *l);
void metric_list_unref(struct metric_list *l); /* NULL does nothing */

/* NULL when there is none. The second takes a name in any case, since an HPA writes it in lower
 * case, but prefers the exact one. */
const struct object_metric *metric_list_object(const struct metric_list *l, const char *name,
                                               const struct resource *resource);
const struct external_rule_metric *metric_list_external(const struct metric_list *l,
                                                        const char *name);

#endif
