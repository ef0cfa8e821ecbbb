// SPDX-License-Identifier: MIT
/* cluster: what the adapter has to do with the API server, on one thread of its own, so that nobody
 * who asks for a metric ever waits for it: the authorities of
 * kube-system/extension-apiserver-authentication, reviews for the gate, the serving certificate.
 *
 * An outage of the API server changes nothing but new decisions: what is known stays. */
#ifndef ADAPTER_CLUSTER_H
#define ADAPTER_CLUSTER_H

#include "base/options.h"
#include "http/server.h"
#include "metrics/service.h"

#include <stdbool.h>
#include <stdint.h>

struct cluster;
struct err;

struct cluster_options {
    const char *kubeconfig, *authentication_kubeconfig, *authorization_kubeconfig,
        *lister_kubeconfig;
    const char *cert_dir, *cert_file, *key_file;
    const char *client_ca_file, *front_proxy_ca_file, *open_paths;
    struct opt_list allowed_names, username_headers, group_headers, extra_prefixes;
    const char *service_namespace, *service_name, *serving_secret;
    uint64_t serving_lifetime_ns;
};

extern const struct opt_group cluster_flags; /* its offsets are in struct cluster_options */

/* Reads what has to be read, and contacts nobody. service, options and their texts are borrowed
 * until cluster_free. 0, or a negative errno with a sentence. */
int cluster_new(struct cluster **ret, const struct cluster_options *options,
                struct service *service, struct err *err);

/* Sets what an HTTPS server in a cluster needs: certificate, gate, wish for client certificates.
 * Borrowed until cluster_start. */
void cluster_configure(const struct cluster *c, struct http_server_config *ret);

/* Starts the thread, which sets the server's certificate whenever there is a new one, and says once
 * that the service is ready: when the authorities and the certificate are known. */
int cluster_start(struct cluster *c, struct err *err);

/* The server is about to stop: it gets no certificate any more, while decisions go on. NULL does
 * nothing. */
void cluster_quiesce(struct cluster *c);

/* Ends the thread. After service_stop. NULL does nothing. */
void cluster_stop(struct cluster *c);
void cluster_free(struct cluster *c); /* what still waits for a decision is answered 503 */

void cluster_help(FILE *out); /* the metrics part of --help */

#endif
