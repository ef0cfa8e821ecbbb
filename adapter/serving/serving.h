// SPDX-License-Identifier: MIT
/* serving: the certificate that the adapter makes for itself. It lies in a Secret, which all
 * replicas watch, and its authority in the caBundle of those of our APIServices that point to our
 * Service. keyring.h says when what changes. Until the Secret was read, a pair of our own is
 * served.
 *
 * The API client's thread, but for serving_first. */
#ifndef ADAPTER_SERVING_SERVING_H
#define ADAPTER_SERVING_SERVING_H

#include "adapter/serving/keyring.h"
#include "kube/watch.h"

#include <stdint.h>

struct serving;

struct serving_config {
    struct kube *kube;            /* borrowed until serving_free */
    const char *namespace;        /* of Service and Secret; borrowed, as are all texts */
    const char *service, *secret; /* names */
    uint64_t lifetime_ns;
    /* A certificate to be served from now on: at the first time one that all replicas share. */
    void (*on_pair)(void *arg, const struct pair *p);
    void *arg;
};

/* Makes the first pair. 0, -ENOMEM or -EIO. */
int serving_new(struct serving **ret, const struct serving_config *config, struct err *err);
void serving_free(struct serving *s);

/* The pair to start with. Borrowed until serving_run. */
const struct pair *serving_first(const struct serving *s);

/* Does what is due; returns after how many ns to call it again at the latest. In front of kube_run.
 */
uint64_t serving_run(struct serving *s);

#endif
