// SPDX-License-Identifier: MIT
/* peers: remembers which certificates were verified, so that a request on an open connection costs
 * a comparison instead of signatures. A few: API servers and scrapers are few. What is remembered
 * ends after a minute, with the certificate, and with the snapshot of authorities that it was
 * verified by. Any thread. */
#ifndef ADAPTER_AUTH_PEERS_H
#define ADAPTER_AUTH_PEERS_H

#include "adapter/auth/identity.h"
#include "adapter/auth/trust.h"

struct peers;

struct peers *peers_new(void); /* NULL when out of memory */
void peers_free(struct peers *p);

/* As trust_verify, but the names are added to *ret: CommonName as the user, organisations as its
 * groups. now_s: since 1970. 0, -EACCES, -ENOMEM or -E2BIG. */
int peers_identify(struct peers *p, const struct trust *t, enum trust_authority which,
                   const struct http_bytes *chain, size_t count, int64_t now_s,
                   struct identity *ret, struct err *err);

#endif
