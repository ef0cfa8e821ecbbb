// SPDX-License-Identifier: MIT
/* trust: whose certificates count, and what the front proxy calls its headers: the cluster's
 * ConfigMap kube-system/extension-apiserver-authentication, read once into an immutable, counted
 * snapshot. Any thread.
 *
 * Source: spec of that ConfigMap in k8s.io/apiserver, pkg/server/options/authentication.go. */
#ifndef ADAPTER_AUTH_TRUST_H
#define ADAPTER_AUTH_TRUST_H

#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct trust;

enum trust_authority {
    TRUST_FRONT_PROXY, /* requestheader-client-ca-file: may speak for others */
    TRUST_CLIENT,      /* client-ca-file: speaks for itself */
};
#define TRUST_AUTHORITIES 2

enum trust_header { TRUST_USERNAME, TRUST_GROUP, TRUST_UID, TRUST_EXTRA_PREFIX };
#define TRUST_HEADERS 4

/* data: the ConfigMap's, names to texts. What is absent is not trusted. 0; -ENOMEM; -EINVAL with
 * the key and what is wrong with it. */
int trust_new(struct trust **ret, const json_t *data, struct err *err);
struct trust *trust_ref(struct trust *t);
void trust_unref(struct trust *t); /* NULL does nothing */

/* Different for every snapshot. */
uint64_t trust_generation(const struct trust *t);

/* Whether a client (front proxy) with this CommonName may speak for others. */
bool trust_allows_name(const struct trust *t, const char *common_name);

/* The i-th name of such a header, or NULL behind the last. */
const char *trust_header(const struct trust *t, enum trust_header which, size_t i);

/* What a certificate says about its holder. */
#define PEER_ORGANISATIONS_MAX 64
struct peer_names { /* {0}; peer_names_done releases it */
    char *common_name;
    char *organisations[PEER_ORGANISATIONS_MAX];
    size_t organisation_count;
    int64_t expires_s; /* since 1970: the earliest end in the chain */
};
void peer_names_done(struct peer_names *n);

/* Is the chain (DER, the holder's first) good at this moment for a client, and signed by that
 * authority? 0 and *ret; -EACCES when it is not, with the reason. */
int trust_verify(const struct trust *t, enum trust_authority which, const struct http_bytes *chain,
                 size_t count, struct peer_names *ret, struct err *err);

#endif
