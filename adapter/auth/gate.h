// SPDX-License-Identifier: MIT
/* gate: who may read what. In front of every route of a server in a cluster.
 *
 * A request is let in when authenticate.h says who sent it and reviews.h that they may. The paths
 * that are open to all (/healthz, /livez, /readyz) need neither.
 *
 * gate_admit: any thread. gate_run and what it starts: the thread of the two API clients. */
#ifndef ADAPTER_AUTH_GATE_H
#define ADAPTER_AUTH_GATE_H

#include "adapter/auth/reviews.h"
#include "adapter/auth/trust.h"
#include "http/server.h"

struct gate;

struct gate_config {
    struct reviews_config reviews;
    const char *open_paths; /* others that need no review, "/metrics,/version"; NULL: none */
};

/* What config points to is borrowed until gate_free. NULL: out of memory. */
struct gate *gate_new(const struct gate_config *config);

/* Answers what still waits, with 503. After the thread of gate_run has ended. */
void gate_free(struct gate *g);

/* From now on these authorities count. Takes t. Any thread. */
void gate_set_trust(struct gate *g, struct trust *t);

/* For http_server_config.admit; arg is the gate. */
bool gate_admit(void *arg, const struct http_request *r, struct http_reply *ret);

/* Sends what waits to be sent. In front of kube_run. */
void gate_run(struct gate *g);

void gate_help(FILE *out); /* the metrics part of --help */

#endif
