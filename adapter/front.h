// SPDX-License-Identifier: MIT
/* front: the ports that the adapter listens on, and who is let in there. One thread.
 *
 * In a cluster: HTTPS, with everything behind the gate of auth/gate.h. On request, for a lab on the
 * loopback address: plain HTTP without any authentication instead. And on request, for probes and
 * scrapes without credentials: a plain port that knows /healthz, /livez, /readyz, /metrics and
 * /version only. */
#ifndef ADAPTER_FRONT_H
#define ADAPTER_FRONT_H

#include "adapter/cluster/cluster.h"
#include "base/options.h"
#include "metrics/service.h"

struct front;

#define FRONT_PORT_UNSET UINT64_MAX

struct front_options {                  /* FRONT_OPTIONS_INIT before options_parse */
    const char *address, *bind_address; /* the second wins; NULL: not given */
    const char *cipher_suites;
    int tls_min_version;
    uint64_t port, secure_port, probe_port;
    struct cluster_options cluster;
};
#define FRONT_OPTIONS_INIT                                                                         \
    {                                                                                              \
        .port = FRONT_PORT_UNSET, .secure_port = FRONT_PORT_UNSET, .probe_port = FRONT_PORT_UNSET  \
    }

/* The flags of front.c; those of cluster.h stand beside them (base: the member cluster). */
extern const struct opt_group front_flags;

/* Listens and serves the app's routes. options, service and routes are borrowed until front_free.
 * 0, or a negative errno with a sentence. */
int front_start(struct front **ret, const struct front_options *options, struct service *service,
                const struct http_routes *routes, size_t count, struct err *err);

/* The app can answer: the service is ready now, or as soon as the cluster is known. */
int front_go(struct front *f, struct err *err);

/* Drains and stops. NULL does nothing. */
void front_stop(struct front *f, uint64_t timeout_ns);
void front_free(struct front *f);

void front_help(FILE *out); /* the metrics part of --help */

#endif
