// SPDX-License-Identifier: MIT
/* reviews: asks the API server whose token a request carries (TokenReview) and whether they may do
 * what it wants (SubjectAccessReview), and lets it in or not.
 *
 * Members of system:masters need no review. Answers are remembered for ten seconds. While one is
 * awaited the request waits without holding a thread; requests that wait for the same answer share
 * it. When none can be had nobody gets in: 401 for a token, 500 for an access.
 *
 * reviews_run and what it starts: the thread of the two API clients. The rest: any thread. */
#ifndef ADAPTER_AUTH_REVIEWS_H
#define ADAPTER_AUTH_REVIEWS_H

#include "adapter/auth/identity.h"
#include "http/server.h"
#include "kube/client.h"
#include "metrics/registry.h"

struct reviews;

struct reviews_config {
    struct kube *token_reviews, *access_reviews; /* borrowed until reviews_free */
    struct fetcher *fetcher;                     /* both clients'; woken when there is work */
    struct metrics *metrics;
};

struct reviews *reviews_new(const struct reviews_config *config); /* NULL: out of memory */

/* Answers what still waits, with 503. After the thread of reviews_run has ended. */
void reviews_free(struct reviews *s); /* NULL does nothing */

/* True: the request is let in. False: *ret is the answer, which may be a later one; then the
 * request comes again with a ticket, for reviews_admit_again. May take what is in *who and leave
 * {0}. */
bool reviews_admit(struct reviews *s, const struct http_request *r, struct identity *who,
                   struct http_reply *ret);
bool reviews_admit_token(struct reviews *s, const struct http_request *r, const char *token,
                         struct http_reply *ret);
bool reviews_admit_again(const struct http_request *r, struct http_reply *ret);

/* Sends what waits to be sent. In front of kube_run. */
void reviews_run(struct reviews *s);

void reviews_help(FILE *out); /* the metrics part of --help */

#endif
