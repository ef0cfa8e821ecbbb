// SPDX-License-Identifier: MIT
/* secret: what must not be shown when settings or headers are. Any thread. */
#ifndef WORKLOAD_SECRET_H
#define WORKLOAD_SECRET_H

#include <stdbool.h>

/* True when the name says so (DB_PASSWORD, AWS_SECRET_ACCESS_KEY, Authorization), or when the value
 * is an address with a user's name in it (postgres://me:word@host). Rather too often than once too
 * little. */
bool secret_looks_like_one(const char *name, const char *value);

#endif
