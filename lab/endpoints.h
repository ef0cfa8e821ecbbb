// SPDX-License-Identifier: MIT
/* endpoints: the pods behind a Service, in turn. No I/O. The owner holds a lock, except where a
 * function says otherwise. An endpoint that is no longer ready lives on until it is let go by all
 * who took it. */
#ifndef LAB_ENDPOINTS_H
#define LAB_ENDPOINTS_H

#include "lab/proxy.h"

#include <sys/socket.h>

struct endpoint { /* read address and address_len; count in stats; the rest is of endpoints.c */
    struct sockaddr_storage address;
    socklen_t address_len;
    struct proxy_endpoint_stats stats;
    struct endpoint *next;
    bool ready;
    size_t holders;
};

struct endpoints { /* {0} is ready to use */
    struct endpoint *all;
    struct endpoint **ready; /* in the order given */
    size_t ready_count, cursor;
};

struct endpoint_turn { /* of one connection; {0} before its first attempt */
    size_t first, tries;
};

struct endpoints_change { /* {0}, init, apply, done */
    struct endpoint **fresh, **ready;
    size_t n;
};

/* Reads the new set; needs no lock. Errors as proxy_set_endpoints. */
int endpoints_change_init(struct endpoints_change *change, const struct proxy_endpoint *endpoints,
                          size_t n, struct err *err);

/* Cannot fail. Takes what it needs out of change. */
void endpoints_apply(struct endpoints *es, struct endpoints_change *change);

/* Needs no lock; also after a failed init. */
void endpoints_change_done(struct endpoints_change *change);

/* The next in turn for a first attempt; for further ones those after it, whatever other connections
 * did to the turn meanwhile. NULL when all were tried. The caller lets it go. */
struct endpoint *endpoints_take(struct endpoints *es, struct endpoint_turn *turn);

/* e may be gone afterwards. */
void endpoints_let_go(struct endpoints *es, struct endpoint *e);

/* As proxy_endpoint_stats. */
size_t endpoints_stats(const struct endpoints *es, struct proxy_endpoint_stats *ret, size_t max);

/* Frees all endpoints, whoever holds them. */
void endpoints_done(struct endpoints *es);

#endif
