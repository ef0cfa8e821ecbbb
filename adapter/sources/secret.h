// SPDX-License-Identifier: MIT
/* secret: a credential that stands in a file or in an environment variable, never in the
 * configuration itself.
 *
 *     password: {file: /etc/rabbit/password}
 *     password: {env: RABBIT_PASSWORD}
 *
 * It is read each time that it is needed, so a file that was renewed counts from then on. One line
 * break at the end is not a part of it. Immutable once read: any thread. */
#ifndef ADAPTER_SOURCES_SECRET_H
#define ADAPTER_SOURCES_SECRET_H

#include "kube/strict.h"

#define SECRET_MAX_BYTES ((size_t)16 * 1024)

struct secret { /* {0}: none */
    char *file, *env;
};

/* Reads the mapping at path into *ret ({0}; secret_done also after a failure). */
int secret_read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct secret *ret);
void secret_done(struct secret *s);

bool secret_is_set(const struct secret *s);

/* New text in *ret, to be wiped and freed. -ENOENT, -E2BIG, -ENOMEM and such, with a sentence that
 * follows the source's name and names the file or the variable. */
int secret_get(const struct secret *s, char **ret, struct err *err);

#endif
