// SPDX-License-Identifier: MIT
/* client: sends the requests of the controller's REST clients to the book, and says in client-go's
 * words what went wrong. Source: client-go v0.36, rest/request.go. One thread. */
#ifndef LAB_REPLAY_CLIENT_H
#define LAB_REPLAY_CLIENT_H

#include "base/buf.h"
#include "lab/replay/book.h"
#include "lab/replay/decode.h"

struct client {
    struct book *book;
    struct decoder decoder;
    struct buf key; /* of the request being built */
};

struct request {
    const char *key;      /* as in the book */
    const char *resource; /* as in messages: "pods.metrics.k8s.io"; NULL: not shown */
    const char *name;     /* behind it; NULL or "": none */
};

struct reply {
    struct answer *answer; /* to be decoded; NULL with error, and for a write without an answer of
                            * its own, which gives back what was written */
    const char *error;
    bool conflict;
};

/* Begins the client's key: "PUT /apis/apps/v1/namespaces/shop", with verb "PUT " or "". group ""
 * is the core group. Errors as buf_append. */
int client_begin_key(struct client *c, const char *verb, const char *group, const char *version,
                     const char *namespace);

/* Adds a slash and text, escaped. */
int client_add_segment(struct client *c, const char *text);

struct reply client_send(struct client *c, const struct request *request);

/* Why a text can be no segment of a path: "invalid resource name \"a/b\": [may not contain '/']".
 * what says what it would have been. NULL: it can. */
const char *client_refuse(struct client *c, const char *what, const char *text);

#endif
