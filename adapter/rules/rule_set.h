// SPDX-License-Identifier: MIT
/* rule_set: rules at work: the list of metrics that they make, kept up to date, and the queries
 * that reads make.
 *
 * Every distinct seriesQuery is a query (query.h) with the relist interval. A thread looks at their
 * readings and makes a new list when one brought other series or the cluster other resources. A
 * rule whose seriesQuery fails keeps the series that it had, and disturbs no other.
 *
 * A read wants the query of its text, which is then polled in the background for as long as it is
 * read again (RULE_LINGER_NS). Any thread. */
#ifndef ADAPTER_RULES_RULE_SET_H
#define ADAPTER_RULES_RULE_SET_H

#include "adapter/objects.h"
#include "adapter/query.h"
#include "adapter/rules/metric_list.h"
#include "adapter/sources/endpoint.h"

#define RULE_INTERVAL_NS UINT64_C(10000000000) /* of the queries that reads make */
#define RULE_MAX_AGE_NS UINT64_C(60000000000)  /* an older value is an error */
#define RULE_LINGER_NS UINT64_C(60000000000)   /* an HPA reads every 15 s */
#define RULE_WAIT_NS UINT64_C(10000000000)     /* a first read waits no longer */

struct err;
struct rule_set;

struct rule_set_config {
    const struct rules *rules;   /* borrowed until rule_set_free */
    struct endpoint *prometheus; /* borrowed: a reference is taken */
    struct queries *queries;     /* borrowed until rule_set_free */
    struct object_lister lister; /* who knows the resources; {0}: those of every cluster count */
    uint64_t relist_ns, series_max_age_ns;
    /* Called in the thread when there is a new list (borrowed), and the first time from
     * rule_set_start. */
    void (*changed)(void *arg, const struct metric_list *list);
    void *changed_arg;
};

/* 0; -ENOMEM; or a negative errno when there can be no thread. */
int rule_set_start(struct rule_set **ret, const struct rule_set_config *config, struct err *err);

/* Ends the thread and lets the queries go. NULL does nothing. */
void rule_set_free(struct rule_set *s);

/* The newest list: a reference (metric_list_unref). Empty before the first answer. */
struct metric_list *rule_set_list(struct rule_set *s);

/* The query with that text: a reference (query_release), or NULL when out of memory or beyond
 * QUERIES_MAX. */
struct query *rule_set_want(struct rule_set *s, const char *text);

/* Appends why some metrics may be missing in the list: of each of these rules (custom ones, or
 * external ones) that has no new list of series, what it waits for. 0, -E2BIG or -ENOMEM. */
int rule_set_explain(struct rule_set *s, bool external, struct buf *ret_text);

#endif
