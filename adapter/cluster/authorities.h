// SPDX-License-Identifier: MIT
/* authorities: what trust.h needs, from the cluster's ConfigMap, with what flags say in its place.
 * The ConfigMap is watched, and files that flags name are read again every other second. The last
 * good authorities are kept whatever happens to either; a metric says so. The API client's thread.
 */
#ifndef ADAPTER_CLUSTER_AUTHORITIES_H
#define ADAPTER_CLUSTER_AUTHORITIES_H

#include "adapter/auth/gate.h"
#include "adapter/cluster/cluster.h"
#include "adapter/serving/pem_file.h"
#include "kube/watch.h"

#define AUTHORITY_FILES 2

struct authority_file { /* path NULL: no flag names one */
    const char *key;    /* the ConfigMap's entry that it stands for, and the flag's name */
    struct pem_file file;
    bool unreadable; /* when last looked at */
    struct metric *refused;
};

struct authorities {
    struct gate *gate;
    json_t *flags;      /* entries that take the place of the ConfigMap's */
    json_t *config_map; /* its entries, as last heard; NULL: not heard yet */
    struct authority_file files[AUTHORITY_FILES];
    struct metric *config_map_refused;
    uint64_t due_ns; /* to look at the files */
    bool known;      /* the gate has some */
};

/* Reads the files that the options name and begins to watch. 0, or a negative errno with a
 * sentence. gate, options' texts and m are borrowed until kube_free. */
int authorities_start(struct authorities *a, struct kube *k, struct gate *gate,
                      const struct cluster_options *options, struct metrics *m, struct err *err);
void authorities_done(struct authorities *a); /* after kube_free */

/* Looks at the files when that is due; returns after how many ns to call it again at the latest. */
uint64_t authorities_run(struct authorities *a, uint64_t now_ns);

void authorities_help(FILE *out); /* the metrics part of --help */

#endif
