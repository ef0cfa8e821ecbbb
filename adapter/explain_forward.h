// SPDX-License-Identifier: MIT
/* explain_forward: asks another adapter once for a metric that is not ours, as forward/ does, and
 * shows the answer on its way. One thread. */
#ifndef ADAPTER_EXPLAIN_FORWARD_H
#define ADAPTER_EXPLAIN_FORWARD_H

#include "adapter/config_pass_through.h"
#include "adapter/explain.h"

struct explain_metric { /* as an HPA asks for it */
    const char *metric, *selector;
    const char *namespace;         /* NULL: the object has none */
    const char *resource, *object; /* both of custom metrics, else NULL */
};

/* The GET that is sent: a path with its query. */
typedef void explain_query_fn(void *arg, const char *method_and_path);

/* New samples in *ret: each item's value, of custom metrics with the label "object". Errors as in
 * source.h: they follow the other adapter's name. */
int explain_forward(struct http_client *http, const struct pass_through *to,
                    const struct explain_metric *m, explain_query_fn *on_query,
                    explain_answer_fn *on_answer, void *arg, struct samples **ret, struct err *err);

#endif
