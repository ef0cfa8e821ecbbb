// SPDX-License-Identifier: MIT
/* http_json: a number somewhere in the JSON that a GET answers with.
 *
 *     http: {url: "http://queue/queues/jobs", valuePath: "depth", timeout: 2s}
 *
 * A source says what to ask (its fields) and what the answer means (http_json_value); asking is the
 * poller's business. A JSON number counts as itself and a string as a Kubernetes quantity, as
 * KEDA's metrics-api trigger does. Nothing else is a value: no value is an error, never zero.
 *
 * Read-only once built: any thread. */
#ifndef ADAPTER_SOURCES_HTTP_JSON_H
#define ADAPTER_SOURCES_HTTP_JSON_H

#include "kube/strict.h"

#include <stdint.h>

struct buf;

#define HTTP_JSON_BODY_MAX ((size_t)1024 * 1024) /* bytes of an answer */

struct http_json {
    char *url;      /* as written; may hold a password: never print it */
    char *shown_as; /* for people: url without user, password, query and fragment */
    char *value_path;
    uint64_t timeout_ns; /* of one request */
};

/* Reads the mapping at path into *ret ({0}; http_json_done releases it, also after a failure). */
int http_json_read_config(const struct strict *s, const json_t *mapping, const char *path,
                          struct http_json *ret);
void http_json_done(struct http_json *h);

/* The value in an answer, in thousandths (finer is rounded up, as the HPA does). -EBADMSG when the
 * status is not 2xx; -ENOMSG when there is no value in it: not JSON, nothing at valuePath, not a
 * number, negative, too large. err says which, in words that follow the source's name, and
 * repeats nothing of the body. */
int http_json_value(const struct http_json *h, int status, const struct buf *body,
                    int64_t *ret_milli, struct err *err);

#endif
