// SPDX-License-Identifier: MIT
/* config_pass_through: the section passThrough: who is asked for metrics that are not ours, since a
 * cluster has one adapter for each API group.
 *
 *     passThrough:
 *       external:                     # and custom, the same
 *         url: https://keda-operator-metrics-apiserver.keda.svc
 *         bearerToken: {file: /var/run/secrets/kubernetes.io/serviceaccount/token}
 *         tls: {caFile: /etc/keda/ca.crt}
 *         timeout: 5s
 *         discoveryInterval: 60s      # how often its list of metrics is read
 *         discoveryMaxAge: 10m        # for how long its last list counts
 *
 * Only over TLS and only as somebody: a token or a client certificate. A token goes to nobody whose
 * certificate was not verified. Read-only once read: any thread. */
#ifndef ADAPTER_CONFIG_PASS_THROUGH_H
#define ADAPTER_CONFIG_PASS_THROUGH_H

#include "adapter/sources/endpoint.h"
#include "kube/strict.h"

#include <stdio.h>

enum pass_group { PASS_EXTERNAL, PASS_CUSTOM };
#define PASS_GROUPS 2

extern const char *const pass_group_names[PASS_GROUPS]; /* "external", "custom" */

struct pass_through {
    struct endpoint *other; /* NULL: nobody is asked */
    uint64_t interval_ns, max_age_ns;
};

struct pass_throughs { /* {0} is empty */
    struct pass_through of[PASS_GROUPS];
};

/* Absent: none. ret is {0} before; pass_throughs_done releases it, also after a failure. */
int pass_throughs_read(const struct strict *s, const json_t *document, struct pass_throughs *ret);
void pass_throughs_done(struct pass_throughs *p);

bool pass_throughs_any(const struct pass_throughs *p);

void pass_throughs_print(const struct pass_throughs *p, FILE *out); /* one line each */
void pass_throughs_help(FILE *out);

#endif
