// SPDX-License-Identifier: MIT
/* other_metrics: the metrics that another adapter lists in its discovery. Immutable once read and
 * counted: any thread.
 *
 * Only what can be listed beside ours is taken: names of printable ASCII in the form of the group.
 * Verbs and kinds are not: ours are those of every metric. */
#ifndef ADAPTER_FORWARD_OTHER_METRICS_H
#define ADAPTER_FORWARD_OTHER_METRICS_H

#include "adapter/config_pass_through.h"

#define OTHER_METRICS_MAX 10000                          /* what is beyond is left out */
#define OTHER_METRICS_BODY_MAX ((size_t)4 * 1024 * 1024) /* bytes */

struct other_metric {
    const char *name; /* "queue_depth"; of custom metrics "pods/requests_per_second" */
    bool namespaced;
};

struct other_metrics { /* read-only */
    size_t count, left_out;
    const struct other_metric *items; /* in the other's order; maybe several of one name */
};

/* Where a group's list is: the path of the version that HPAs use. */
const char *other_metrics_path(enum pass_group group);

/* From an answer to that: new in *ret. -EBADMSG, -ENOMSG or -ENOMEM with what follows the other
 * adapter's name. */
int other_metrics_read(enum pass_group group, int status, const struct buf *body,
                       struct other_metrics **ret, struct err *err);
struct other_metrics *other_metrics_ref(struct other_metrics *m); /* NULL stays NULL */
void other_metrics_unref(struct other_metrics *m);                /* NULL does nothing */

struct metric_conflicts { /* what both adapters list */
    size_t count;
    char names[200]; /* the first of them, with ", " between */
};

bool other_metrics_equal(const struct other_metrics *a, const struct other_metrics *b);

#endif
