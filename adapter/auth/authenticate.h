// SPDX-License-Identifier: MIT
/* authenticate: who sent a request, as far as it can be told without asking anybody. Any thread.
 *
 * In this order, and the first that yields somebody wins: the front proxy's certificate with its
 * headers, a client certificate, a bearer token, nothing at all (anonymous). Headers that claim
 * somebody are believed from the front proxy only; from everybody else they do not exist. */
#ifndef ADAPTER_AUTH_AUTHENTICATE_H
#define ADAPTER_AUTH_AUTHENTICATE_H

#include "adapter/auth/identity.h"
#include "adapter/auth/peers.h"
#include "adapter/auth/trust.h"
#include "http/server.h"

enum authentication {
    AUTH_KNOWN,   /* *ret is who */
    AUTH_TOKEN,   /* *ret_token (borrowed) has to be reviewed */
    AUTH_REFUSED, /* credentials were shown and none of them is good; err says why, for the log */
    AUTH_FAILED,  /* out of memory, or too many groups */
};

enum authentication authenticate(struct peers *peers, const struct trust *t,
                                 const struct http_request *r, int64_t now_s, struct identity *ret,
                                 const char **ret_token, struct err *err);

/* True when the request wants to act in somebody else's name, which only an API server may grant.
 */
bool wants_impersonation(const struct http_request *r);

#endif
