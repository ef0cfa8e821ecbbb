// SPDX-License-Identifier: MIT
/* label_index: which label of a rule is the name of which resource, both ways. Inside
 * adapter/rules.
 *
 * An override wins over the template; of two resources with one label the catalogue's first has it.
 * A template that would give a resource the label `job` does not: that is Prometheus' own name for
 * what it scrapes, and hardly ever that of a Job. */
#ifndef ADAPTER_RULES_LABEL_INDEX_H
#define ADAPTER_RULES_LABEL_INDEX_H

#include "adapter/rules/catalogue.h"
#include "adapter/rules/pool.h"
#include "adapter/rules/rules.h"

#include <stdint.h>

struct label_index {
    struct labelled {
        const char *label;
        uint64_t hash; /* of the label: clusters have hundreds of resources */
        const struct resource *resource;
    } * items;
    size_t count;
};

/* Takes its memory from pool. Resources of overrides that the catalogue does not know are added to
 * it. 0, or -ENOMEM. */
int label_index_init(struct label_index *index, const struct rule_labels *labels,
                     struct catalogue *catalogue, struct pool *pool);

const struct resource *label_index_resource(const struct label_index *index, const char *label);
const char *label_index_label(const struct label_index *index, const struct resource *resource);

/* The label of namespaces; "namespace" when the rule does not say. */
const char *label_index_namespace(const struct label_index *index,
                                  const struct catalogue *catalogue);

#endif
