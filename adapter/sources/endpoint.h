// SPDX-License-Identifier: MIT
/* endpoint: where an HTTP source is, as its configuration says.
 *
 *     url: "https://user:password@queue:8080/depth?token=secret"
 *
 * Immutable once read: any thread. */
#ifndef ADAPTER_SOURCES_ENDPOINT_H
#define ADAPTER_SOURCES_ENDPOINT_H

#include "kube/strict.h"

#define ENDPOINT_URL_MAX 1024

struct endpoint {   /* {0} before */
    char *url;      /* as written; may hold a password: never print it */
    char *shown_as; /* for people: url without user, password, query and fragment */
};

/* Reads the endpoint's fields of the mapping at path. endpoint_done also after a failure. */
int endpoint_read_config(const struct strict *s, const json_t *mapping, const char *path,
                         struct endpoint *ret);
void endpoint_done(struct endpoint *e);

#endif
