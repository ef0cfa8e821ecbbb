// SPDX-License-Identifier: MIT
/* resources: which resources the cluster has, as its API server's discovery says: their plural and
 * singular names, their kinds and whether they have namespaces. Asked for at the start and every
 * other minute, in two requests.
 *
 * Without an answer the catalogue's built-in rows stand, and what was learnt stays: a group whose
 * server is away is not forgotten. Source: apidiscovery.k8s.io/v2 and v2beta1, which API servers
 * have since Kubernetes 1.27. */
#ifndef ADAPTER_RESOURCES_H
#define ADAPTER_RESOURCES_H

#include "adapter/rules/catalogue.h"
#include "kube/client.h"

struct err;
struct resources;

/* k is borrowed until resources_free, which comes after kube_free. NULL: out of memory. */
struct resources *resources_new(struct kube *k);
void resources_free(struct resources *r); /* NULL does nothing */

/* Asks when that is due; returns after how many ns to call it again at the latest. The client's
 * thread, in front of kube_run. */
uint64_t resources_run(struct resources *r);

/* What is known: a copy, to be freed with catalogue_free; NULL when out of memory. Any thread. */
struct catalogue *resources_copy(struct resources *r);

/* Another one whenever something was learnt. Any thread. */
uint64_t resources_generation(struct resources *r);

/* Adds to c what an answer of discovery says, and mixes it into *hash. 0; -EBADMSG when it is none;
 * -E2BIG; -ENOMEM. Any thread. */
int resources_read(const json_t *answer, struct catalogue *c, uint64_t *hash, struct err *err);

#endif
