// SPDX-License-Identifier: MIT
/* rules: the sections rules, externalRules and resourceRules of prometheus-adapter's configuration.
 *
 * Read strictly, as there: an unknown or repeated field refuses the file. What the other finds only
 * when a metric is read, or never, is found here: no metricsQuery, an expression, a template or a
 * field in it that cannot be, with file and line. What is dubious but works there becomes a
 * warning.
 *
 * Read-only once read: any thread. */
#ifndef ADAPTER_RULES_RULES_H
#define ADAPTER_RULES_RULES_H

#include "adapter/rules/pattern.h"
#include "adapter/rules/template.h"
#include "base/buf.h"
#include "kube/strict.h"

#include <jansson.h>

#define RULES_MAX 1000 /* in one section */
#define RULE_FILTERS_MAX 50
#define RULE_OVERRIDES_MAX 100

extern const char *const label_fields[]; /* of a resources.template: .Group, .Resource */

struct rule_override {
    const char *label;
    const char *group, *resource; /* as written */
};

struct rule_labels {       /* resources: which label is which resource's name */
    struct template *form; /* NULL: only the overrides */
    struct rule_override *overrides;
    size_t override_count;
    bool namespaced;
};

struct rule_filter {
    struct pattern *pattern;
    bool is; /* else: is not */
};

struct rule {
    char shown_as[32]; /* "rules[3]" */
    const char *series_query;
    struct rule_filter *filters;
    size_t filter_count;
    struct rule_labels labels;
    struct pattern *name_matches;
    const char *name_as;
    struct template *query;
    const char *query_as_written;
};

struct resource_rule {                             /* cpu or memory */
    struct template *container_query, *node_query; /* NULL: none */
    struct rule_labels labels;
    const char *container_label;                          /* NULL: none */
    const char *pod_label, *node_label, *namespace_label; /* as labels says; "" when it does not */
};

struct rules { /* {0} is empty */
    struct rule *custom, *external;
    size_t custom_count, external_count;
    bool has_resource_rules;
    struct resource_rule cpu, memory;
    uint64_t window_ns;  /* 0: not said */
    struct buf warnings; /* one sentence per line, with file and line number */
    struct pool pool;
};

/* The three sections of a document, each of which may be absent. 0 and *ret ({0} before; rules_done
 * releases it, also after a failure); -EINVAL with file, line and field; -ENOMEM. */
int rules_read(const struct strict *s, const json_t *document, struct rules *ret);
void rules_done(struct rules *r);

/* Whether a series of that name belongs to the rule; ret_name is then what the metric is called. 1,
 * 0, or a negative errno of pattern.h (-ELOOP: the expression takes too long on this name). */
int rule_name_series(const struct rule *r, const char *series, struct buf *ret_name);

bool rules_is_empty(const struct rules *r); /* nothing that asks Prometheus */

/* One line per rule: what was understood; then the warnings. */
void rules_print(const struct rules *r, FILE *out);

/* The fields, for --help. */
void rules_help(FILE *out);

#endif
