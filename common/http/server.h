// SPDX-License-Identifier: MIT
/* server: an HTTP/1.1 server made of route rows, on libmicrohttpd, which nobody else needs to know.
 *
 * A route's function is plain: it gets the request as data and returns the reply as data, so tests
 * call it without a socket. Functions run concurrently on the server's threads and must not block.
 * What takes longer is answered later (http_defer), what never ends is a stream (http_stream_new).
 *
 * Every server has limits: connections, idle time, header and body bytes. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct http_server;
struct http_pending;
struct http_stream;

struct http_pair {
    const char *name, *value; /* value is "" for a parameter without '=' */
};

struct http_bytes {
    const unsigned char *data;
    size_t len;
};

#define HTTP_PARAMS_MAX 6
#define HTTP_PEER_MAX 8

/* What a client asked. Everything is borrowed and ends with the route's function. */
struct http_request {
    const char *method;
    const char *path;                    /* percent-decoded once; no NUL inside */
    const char *params[HTTP_PARAMS_MAX]; /* what the route's {…} segments matched */
    const struct http_pair *query;       /* decoded, in the order sent, repeats kept */
    size_t query_count;
    const struct http_pair *headers;
    size_t header_count;
    const char *body; /* body_len bytes and a NUL */
    size_t body_len;
    /* The certificates (DER) that the client showed, its own first, whose key it holds. Nobody has
     * looked at who signed them, for what, and until when. */
    const struct http_bytes *peer;
    size_t peer_count;
    void *ticket;                   /* what http_pending_retry left; NULL the first time */
    struct http_exchange *exchange; /* NULL in tests that call a route without a socket */
};

/* First value of a query parameter or header (case-insensitive), or NULL. Borrowed. */
const char *http_query(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);

enum http_reply_kind { HTTP_REPLY_NOW, HTTP_REPLY_LATER, HTTP_REPLY_STREAM };

#define HTTP_REPLY_HEADERS_MAX 4

struct http_reply {
    enum http_reply_kind kind;
    int status;
    const char *content_type; /* must outlive the reply: a literal */
    const char *body;         /* body_len bytes */
    size_t body_len;
    bool body_is_ours;                                /* the server free()s body */
    struct http_pair headers[HTTP_REPLY_HEADERS_MAX]; /* literals; ends with an empty name */
    struct http_stream *stream;
};

/* A reply whose body is copied / borrowed for ever (a literal, embedded bytes) / taken (malloc). */
struct http_reply http_reply_text(int status, const char *text);
struct http_reply http_reply_static(int status, const char *content_type, const void *body,
                                    size_t len);
struct http_reply http_reply_take(int status, const char *content_type, char *body, size_t len);
struct http_reply http_reply_printf(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Answers later: keep *ret_pending, return http_reply_later(), and call http_pending_reply exactly
 * once, from any thread, also while the server drains. The request's data is gone by then: copy
 * what is needed. */
struct http_pending *http_defer(const struct http_request *r);
struct http_reply http_reply_later(void);
void http_pending_reply(struct http_pending *p, struct http_reply reply);

/* Instead of the reply: the request is served again from its start, now with this ticket, which the
 * server free()s when the request is over. For http_server_config.admit. */
void http_pending_retry(struct http_pending *p, void *ticket);

/* True when the client has closed the connection, so that the work can be dropped (the reply is
 * still due). Any thread. */
bool http_pending_client_gone(const struct http_pending *p);

/* An answer without an end, such as server-sent events or a watch. Two references: one goes to the
 * server with http_reply_stream, the other stays with the caller. Any thread may write and close.
 * The server closes all streams when it stops. */
struct http_stream *http_stream_new(size_t max_unsent_bytes);
struct http_reply http_reply_stream(struct http_stream *s, const char *content_type);

/* 0; -EPIPE when the client is gone or the stream was closed; -E2BIG when the client reads too
 * slowly and the bytes do not fit: close it then. */
int http_stream_write(struct http_stream *s, const void *data, size_t len);
void http_stream_close(struct http_stream *s); /* what was written is still sent; idempotent */
void http_stream_unref(struct http_stream *s);

struct http_route {
    const char *method; /* "GET" also answers HEAD; NULL: any */
    /* "/apis/{group}/x": a {…} segment matches any one non-empty segment; "{…...}" at the end
     * matches the rest, also empty. The first row that fits wins. A trailing '/' in the request is
     * ignored. */
    const char *path;
    struct http_reply (*serve)(void *app, const struct http_request *r);
    const char *help; /* one sentence for --help and the reference */
};

struct http_routes { /* rows with the app that they are served with */
    const struct http_route *rows;
    size_t count;
    void *app;
};

/* What was answered, once per request and after the last byte: for metrics and logs. */
struct http_done {
    const char *method;
    const char *route;    /* the row's path; "" when none fitted */
    int status;           /* 0: the connection broke before an answer */
    uint64_t duration_ns; /* from the request's headers to the last byte of the answer */
    const char *noted;    /* the request's header note_header; NULL when it has none. Borrowed */
    const char *id;       /* NULL without id_header. Borrowed */
};

struct http_server_config {
    const char *address;              /* numeric IPv4 or IPv6, e.g. "127.0.0.1", "::" */
    uint16_t port;                    /* 0: any free one */
    const struct http_routes *routes; /* searched in order; borrowed until stop */
    size_t routes_count;
    /* May this request be served? Called in front of all routes, also where none fits. false:
     * *ret is the answer, which may be a later one. NULL: everything may. */
    bool (*admit)(void *arg, const struct http_request *r, struct http_reply *ret);
    void *admit_arg;
    /* Errors that the server itself finds (404, 405, 413); NULL: plain text. */
    struct http_reply (*error_reply)(int status, const char *message);
    struct http_pair headers[2]; /* sent with every reply; borrowed; an empty name ends */
    unsigned threads;            /* 0: 2, or 1 where there is one CPU */
    unsigned max_connections;    /* 0: 1000 */
    /* One connection too many makes the one leave that has waited longest for its client, instead
     * of waiting itself until somebody leaves; and idle_timeout_s is what the head of a request may
     * take from the last answer on, and then its body, also a byte at a time. For servers that
     * anybody may connect to. */
    bool cut_waiting;
    unsigned idle_timeout_s;                /* 0: 120, above the 90 s of Go clients */
    size_t max_header_bytes;                /* per connection; 0: 64 KiB */
    size_t max_body_bytes;                  /* 0: 1 MiB */
    const char *tls_cert_pem, *tls_key_pem; /* both set: HTTPS, TLS 1.2 or newer */
    bool ask_client_certificate;            /* whoever has none is welcome all the same */
    void (*on_start)(void *arg);            /* a request's first line arrived; any thread */
    void (*on_done)(void *arg, const struct http_done *done);
    void *on_arg;
    const char *note_header; /* a request's header that on_done wants to know; NULL: none */
    /* A header in which requests have an id, such as "Audit-Id", by which their sender finds them
     * in our log: every answer carries it back, and one is made where a request has none. NULL:
     * requests have no ids. */
    const char *id_header;
};

/* Binds, listens and serves. err says which address and why: "cannot listen on 127.0.0.1:80:
 * Permission denied". */
int http_server_start(struct http_server **ret, const struct http_server_config *config,
                      struct err *err);

uint16_t http_server_port(const struct http_server *s);

/* New connections are shown this certificate from now on; those that are there stay. 0, -ENOMEM, or
 * -EINVAL with what is wrong with it, and the old one is kept. Any thread. */
int http_server_set_certificate(struct http_server *s, const char *cert_pem, const char *key_pem,
                                struct err *err);

/* Drains and stops: takes no new connections, waits up to timeout_ns for accepted requests, closes
 * streams, frees. Returns how many requests were still unanswered (0 = clean). Deferred requests
 * that are still open must be answered by the app before this gives up, or soon after: their
 * http_pending stays valid until answered. */
size_t http_server_stop(struct http_server *s, uint64_t timeout_ns);

/* Stops taking connections but goes on answering; for a drain that has steps of its own. */
void http_server_quiesce(struct http_server *s);

/* The endpoints part of --help: one line per row. */
void http_routes_help(const struct http_route *rows, size_t count, FILE *out);

/* Tests: routes a request without a socket. */
struct http_reply http_routes_serve(const struct http_routes *routes, size_t count,
                                    struct http_request *r);

/* Releases what a reply owns, where no server does it. */
void http_reply_done(struct http_reply *r);

#endif
