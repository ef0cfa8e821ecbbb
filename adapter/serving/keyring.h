// SPDX-License-Identifier: MIT
/* keyring: the pair that is served, the one that comes next, and the authority that was before:
 * what the Secret keeps for all replicas, and what is to be done about it when. Pure: no I/O, and
 * time is passed in. Any thread.
 *
 * A renewal goes in steps, so that nobody ever meets a certificate whose authority they do not
 * know: at two thirds of its life a next pair is prepared; once every APIService names both
 * authorities, and API servers had a while to notice, the next one is served; the one before stays
 * in the bundle until it ends by itself. */
#ifndef ADAPTER_SERVING_KEYRING_H
#define ADAPTER_SERVING_KEYRING_H

#include "adapter/serving/pair.h"

#include <jansson.h>

struct keyring {               /* {0}; keyring_done releases it */
    struct pair current, next; /* next.ca_pem is NULL while none is prepared */
    char *previous_ca_pem;     /* NULL: none */
    int64_t previous_expires_s;
};

enum keyring_step {
    KEYRING_NOTHING,
    KEYRING_PREPARE, /* make a next pair and store it */
    KEYRING_SWITCH,  /* the next one becomes the current one; store that */
    KEYRING_FORGET,  /* the previous authority has ended; store that */
};

/* trusted_s: since when every APIService names both authorities; 0: they do not yet. */
enum keyring_step keyring_step(const struct keyring *k, int64_t now_s, int64_t trusted_s);

/* The steps. KEYRING_PREPARE takes *next. */
void keyring_prepare(struct keyring *k, struct pair *next);
void keyring_switch(struct keyring *k);
void keyring_forget(struct keyring *k);

/* The authorities that an APIService has to name: PEM, the current one first. New text, or NULL. */
char *keyring_bundle(const struct keyring *k);

/* The "data" of the Secret: names to base64. New, or NULL when out of memory. */
json_t *keyring_to_data(const struct keyring *k);

/* 0; -EINVAL when no usable pair is in there (a broken next pair is as good as none); -ENOMEM. */
int keyring_from_data(const json_t *data, struct keyring *ret, struct err *err);

void keyring_done(struct keyring *k);

#endif
