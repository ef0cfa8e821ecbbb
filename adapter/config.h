// SPDX-License-Identifier: MIT
/* config: the adapter's configuration file, read whole and strictly.
 *
 *     externalMetrics:
 *     - name: queue_depth          # what an HPA asks for
 *       namespace: default         # only served there; absent: in every namespace
 *       labels: {queue: jobs}      # what an HPA's selector is matched against
 *       source: {http: {url: "http://queue/queues/jobs", valuePath: depth, timeout: 2s}}
 *       combine: one               # what several values become
 *       onEmpty: 0                 # what no value means; absent: an error
 *       interval: 5s               # from one poll to the next
 *       maxAge: 60s                # an older value is an error
 *
 * Beside them stand customMetrics (config_custom.h), usage (usage_feed.h), the sections of
 * prometheus-adapter's configuration (rules/rules.h), which Prometheus those ask
 * (rules/connection.h), and who is asked for all other metrics (config_pass_through.h).
 *
 * Read-only once built: any thread may read; labels must not be referenced (json_incref) there. */
#ifndef ADAPTER_CONFIG_H
#define ADAPTER_CONFIG_H

#include "adapter/config_custom.h"
#include "adapter/config_pass_through.h"
#include "adapter/query.h"
#include "adapter/rules/rules.h"
#include "adapter/sources/endpoint.h"
#include "adapter/usage_feed.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

#define CONFIG_METRICS_MAX 1000
#define CONFIG_LABELS_MAX 32 /* of one metric */

struct external_metric {
    char *name;              /* also a path segment and an RBAC resource */
    char *namespace;         /* NULL: every namespace */
    json_t *labels;          /* an object of strings; NULL: none */
    char *shown_as;          /* name{label="value"} */
    char *label_text;        /* label=value,... */
    struct query_spec query; /* holds a reference to its source */
    uint64_t max_age_ns;     /* at least interval + timeout: a healthy source never expires */
};

struct adapter_config {
    struct external_metric *metrics;
    size_t count;
    struct custom_metrics custom;
    struct usage_feed usage;
    struct endpoint *prometheus; /* that the rules ask; NULL: the file does not say */
    struct rules rules;
    struct pass_throughs pass_throughs;
};

/* 0 and *ret ({0} before; config_done releases it); -EINVAL with "file:line: …"; another negative
 * errno when the file cannot be read. On failure *ret is {0}. */
int config_read_file(const char *path, struct adapter_config *ret, struct err *err);
int config_parse(const char *name, const char *text, size_t len, struct adapter_config *ret,
                 struct err *err);
void config_done(struct adapter_config *c);

/* Whether a source of an external metric wants to know which pods there are. */
bool config_finds_pods(const struct adapter_config *c);

/* One line per metric: what was understood. */
void config_print(const struct adapter_config *c, FILE *out);

/* For --help: fields, defaults and ranges. */
void config_help(FILE *out);

#endif
