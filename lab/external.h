// SPDX-License-Identifier: MIT
/* external: asks the external metrics API for one metric, wherever the APIService object
 * v1beta1.external.metrics.k8s.io says that it is served. Control thread. */
#ifndef LAB_EXTERNAL_H
#define LAB_EXTERNAL_H

#include <stddef.h>
#include <stdint.h>

struct env;

/* error NULL: values holds count thousandths; all of it is borrowed for the call. */
typedef void external_done_fn(void *arg, const char *error, const int64_t *values, size_t count);

struct external_query {
    const char *ns, *metric, *selector; /* selector: canonical text, "" for none */
};

struct external_ask;

/* Calls done once: later, or at once when there is nobody to ask. Returns what can be cancelled
 * until done is called, or NULL when it was called already. */
struct external_ask *external_ask(const struct env *env, const struct external_query *query,
                                  external_done_fn *done, void *arg);
void external_cancel(const struct env *env, struct external_ask *ask); /* NULL: nothing */

#endif
