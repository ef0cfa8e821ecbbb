// SPDX-License-Identifier: MIT
/* client_private: what client.c and watch.c share. */
#ifndef KUBE_CLIENT_PRIVATE_H
#define KUBE_CLIENT_PRIVATE_H

#include "kube/client.h"

struct kube {
    struct fetcher *fetcher;
    const struct kube_access *access;
    struct kube_operation *operations; /* sent or waiting to be sent again */
    struct kube_watch *watches;
    int64_t last_id;
    uint64_t random;
    char *token;            /* what token_file held at token_read_ns */
    uint64_t token_read_ns; /* 0: to be read before the next request */
};

/* Makes a call for path, with our credentials and the headers that every request has. *ret borrows
 * *ret_url (free it), the access and the token: all must live until the fetcher has copied it.
 * 0, -ENOMEM, or an error of reading the token. */
int kube_call_init(struct kube *k, const char *path, struct http_call *ret, char **ret_url,
                   struct err *err);

/* ns less up to a tenth. */
uint64_t kube_jitter(struct kube *k, uint64_t ns);

/* What an answer that is not 2xx means: sets the reason in the server's words. */
int kube_explain(int status, const struct buf *body, struct err *err);

/* The watches' part of kube_run. */
uint64_t kube_run_watches(struct kube *k, uint64_t now_ns);
void kube_free_watches(struct kube *k);

#endif
