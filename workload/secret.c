// SPDX-License-Identifier: MIT
#include "workload/secret.h"

#include "base/scoped.h"

#include <stddef.h>
#include <string.h>

static const char *const telling[] = {
    "secret", "passw", "pwd",    "passphrase", "token", "key",       "cred", "private",
    "auth",   "cert",  "cookie", "session",    "salt",  "signature", "dsn",  "connection_string"};

bool secret_looks_like_one(const char *name, const char *value)
{
    const char *authority = strstr(value, "://");

    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        if (strcasestr(name, telling[i]))
            return true;
    return authority && strchr(authority, '@');
}
