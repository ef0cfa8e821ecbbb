// SPDX-License-Identifier: MIT
#include "adapter/sources/tls_files.h"

#include <stdlib.h>

#define FILE_MAX_BYTES 1024

int tls_files_read_config(const struct strict *s, const json_t *mapping, const char *path,
                          struct tls_files *ret)
{
    static const struct strict_member members[] = {{"caFile", false},
                                                   {"certFile", false},
                                                   {"keyFile", false},
                                                   {"insecureSkipVerify", false},
                                                   {0}};
    const json_t *tls = json_object_get(mapping, "tls");
    char at[STRICT_PATH_MAX];

    if (!tls)
        return 0;
    int r = strict_mapping(s, tls, strict_path(at, path, "tls"), members);
    if (r == 0)
        r = strict_copy(s, tls, at, "caFile", FILE_MAX_BYTES, &ret->ca);
    if (r == 0)
        r = strict_copy(s, tls, at, "certFile", FILE_MAX_BYTES, &ret->cert);
    if (r == 0)
        r = strict_copy(s, tls, at, "keyFile", FILE_MAX_BYTES, &ret->key);
    if (r == 0)
        r = strict_bool(s, tls, at, "insecureSkipVerify", &ret->insecure_skip_verify);
    if (r == 0 && !ret->cert != !ret->key)
        return strict_refuse(s, at, "%s.certFile and keyFile need each other", at);
    return r;
}

void tls_files_done(struct tls_files *t)
{
    free(t->ca);
    free(t->cert);
    free(t->key);
    *t = (struct tls_files){0};
}
