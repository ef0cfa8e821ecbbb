// SPDX-License-Identifier: MIT
/* access: where an API server is, and who we are there. From a kubeconfig file or from the account
 * of the pod that we run in. One thread.
 *
 * Source of the rules: client-go's tools/clientcmd and rest.InClusterConfig. Of a kubeconfig the
 * current context counts; file names in it are relative to its folder; data in the file wins over a
 * file's name, a tokenFile over a token. What would run programs (exec, auth-provider) or act in
 * another's name is refused, and so is what is not supported (proxy-url, tls-server-name, basic
 * authentication): nothing that a person wrote is ignored in silence. No credential leaves over
 * plain HTTP. */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H

#include "base/memfile.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

struct kube_access { /* kube_access_done releases it */
    char *server;    /* "https://10.0.0.1:6443", without a slash at the end */
    char *namespace; /* the context's, or the pod's; "default" when it says none */
    char *ca_file, *cert_file, *key_file; /* PEM; NULL: as http/client.h */
    bool insecure_skip_verify;
    char *token, *token_file;     /* at most one of them */
    struct memfile ca, cert, key; /* what the file held inline */
};

/* KUBE_ACCESS_INIT before; on failure *ret holds nothing. -EINVAL with "file: sentence", or a
 * negative errno when a file cannot be read. */
#define KUBE_ACCESS_INIT                                                                           \
    {                                                                                              \
        .ca = {.fd = -1}, .cert = {.fd = -1}, .key = {.fd = -1 }                                   \
    }
int kube_access_read(const char *kubeconfig, struct kube_access *ret, struct err *err);
int kube_access_parse(const char *kubeconfig, const char *text, size_t len, struct kube_access *ret,
                      struct err *err);

/* Where a pod finds its account. */
#define KUBE_ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

/* -ENOENT when this is no pod. */
int kube_access_in_cluster(const char *folder, struct kube_access *ret, struct err *err);

/* The file when there is one, else the pod's account. */
int kube_access_find(const char *kubeconfig, struct kube_access *ret, struct err *err);

void kube_access_done(struct kube_access *a);

#endif
