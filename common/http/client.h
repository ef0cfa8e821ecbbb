// SPDX-License-Identifier: MIT
/* client: one HTTP request and its answer. With fetch, the only place that knows libcurl.
 *
 * A client keeps connections open between calls. It belongs to one thread. Only http and https, TLS
 * 1.2 or newer; certificates are verified unless a call says otherwise, redirects are not followed.
 * Bodies have a limit.
 *
 * SWELL_HOSTS may name a file in the form of /etc/hosts ("127.3.0.5 queue queue.default.svc"), read
 * when a client or fetcher is made: the lab has no DNS of its own, and this is how http://queue
 * works there. A file that cannot be read is as good as none.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http_client;

/* Once in main, before threads; the second at the end. 0 or -ENOSYS. */
int http_client_setup(void);
void http_client_teardown(void);

struct http_client *http_client_new(void); /* NULL when out of memory */
void http_client_free(struct http_client *c);

#define HTTP_CALL_HEADERS_MAX 8

struct http_call {
    const char *method; /* NULL: GET */
    const char *url;
    const char *headers[HTTP_CALL_HEADERS_MAX]; /* "Name: value"; ends with NULL */
    const void *body;                           /* with body_len; NULL: none */
    size_t body_len;
    uint64_t timeout_ns; /* for all of it; 0: 5 s */
    /* Files are read at every handshake, so one that was renewed counts from then on. For bytes
     * there is base/memfile.h. */
    const char *ca_file;              /* PEM: who may sign the server's; NULL: the system's list */
    const char *cert_file, *key_file; /* PEM, both or none: ours, for servers that ask */
    bool insecure_skip_verify;        /* takes any certificate: only where a person wrote so */
    const char *username, *password;  /* both or none: HTTP Basic (RFC 7617) */
    const char *bearer;               /* a token: "Authorization: Bearer ...", and nowhere else */
};

/* Sends and waits. 0 when there was an answer of any status: its body is appended to *ret_body,
 * *ret_status is set. Otherwise *ret_body may hold a part of it, and the result is a negative errno
 * with a reason that names no credential:
 * -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH (no such name), -E2BIG (body beyond ret_body->max),
 * -EPROTO (TLS), -EINVAL (URL, or a bearer that fits no header), -EIO (anything else). */
int http_client_call(struct http_client *c, const struct http_call *call, struct buf *ret_body,
                     int *ret_status, struct err *err);

/* GET that wants a 2xx: any other status is -EBADMSG with "answers 503: <first line>". */
int http_client_get(struct http_client *c, const char *url, uint64_t timeout_ns,
                    struct buf *ret_body, struct err *err);

#endif
