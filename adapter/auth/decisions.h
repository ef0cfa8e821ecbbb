// SPDX-License-Identifier: MIT
/* decisions: what the API server decided lately, so that it is not asked again for ten seconds. As
 * many as fit; then the one that was used longest ago makes room. Any thread. */
#ifndef ADAPTER_AUTH_DECISIONS_H
#define ADAPTER_AUTH_DECISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decisions;

#define DECISION_KEY_BYTES 32

struct decision_key { /* a hash, so that no token is kept */
    unsigned char bytes[DECISION_KEY_BYTES];
};

/* SHA-256 of what the decision is about. */
struct decision_key decision_key_of(const void *data, size_t len);

struct decisions *decisions_new(size_t max, uint64_t lifetime_ns); /* NULL: out of memory */
void decisions_free(struct decisions *d);

/* Keeps a decision made at now_ns, with a text (copied; NULL: none). Without memory it is not
 * kept. */
void decisions_put(struct decisions *d, const struct decision_key *key, bool allowed,
                   const char *text, uint64_t now_ns);

/* True when there is one that is not too old: sets *ret_allowed and, unless NULL, *ret_text: a copy
 * to free(), or NULL. */
bool decisions_find(struct decisions *d, const struct decision_key *key, uint64_t now_ns,
                    bool *ret_allowed, char **ret_text);

#endif
