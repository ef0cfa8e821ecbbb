// SPDX-License-Identifier: MIT
/* authorities: what trust.h needs, from the cluster's ConfigMap, with what flags say in its place.
 * The last good one is kept whatever happens to the ConfigMap. The API client's thread. */
#ifndef ADAPTER_CLUSTER_AUTHORITIES_H
#define ADAPTER_CLUSTER_AUTHORITIES_H

#include "adapter/auth/gate.h"
#include "adapter/cluster/cluster.h"
#include "kube/watch.h"

struct authorities {
    struct gate *gate;
    json_t *flags; /* entries that take the place of the ConfigMap's */
    bool known;    /* the gate has some */
};

/* Reads the files that the options name and begins to watch. 0, or a negative errno with a
 * sentence. gate is borrowed until kube_free. */
int authorities_start(struct authorities *a, struct kube *k, struct gate *gate,
                      const struct cluster_options *options, struct err *err);
void authorities_done(struct authorities *a); /* after kube_free */

#endif
