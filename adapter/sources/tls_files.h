// SPDX-License-Identifier: MIT
/* tls_files: the certificates by which a source and the adapter know each other.
 *
 *     tls: {caFile: ..., certFile: ..., keyFile: ..., insecureSkipVerify: true}
 *
 * Immutable once read: any thread. */
#ifndef ADAPTER_SOURCES_TLS_FILES_H
#define ADAPTER_SOURCES_TLS_FILES_H

#include "kube/strict.h"

struct tls_files { /* {0}: the system's authorities, and no certificate of ours */
    char *ca, *cert, *key;
    bool insecure_skip_verify;
};

/* Reads the member `tls` of the mapping at path, if there is one, into *ret ({0}; tls_files_done
 * also after a failure). */
int tls_files_read_config(const struct strict *s, const json_t *mapping, const char *path,
                          struct tls_files *ret);
void tls_files_done(struct tls_files *t);

#endif
