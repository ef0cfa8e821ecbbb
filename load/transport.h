// SPDX-License-Identifier: MIT
/* transport: sends many requests to one URL from one thread, over a libcurl multi handle driven by
 * epoll.
 *
 * Not common/http/fetch: a load generator sends the same request again and again, so easy handles
 * are set up once and reused, answers are counted instead of kept, waiting is exact to the
 * microsecond (timerfd; poll counts in milliseconds), and it must know when the first byte left.
 * The rules of http/client.h hold: http and https, certificates verified, no redirects followed, no
 * proxy, SWELL_HOSTS. HTTP/1.1 only: one request at a time on a connection. With keepalive libcurl
 * itself repeats a request when the server closes a used connection instead of answering, so the
 * server may then have seen it twice. One thread. */
#ifndef LOAD_TRANSPORT_H
#define LOAD_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct transport;

enum failure { /* why there was no answer */
               FAILURE_NONE,
               FAILURE_REFUSED,
               FAILURE_TIMEOUT,
               FAILURE_RESET,
               FAILURE_NO_HOST,
               FAILURE_CONNECT, /* any other reason for having no connection */
               FAILURE_CUT,     /* closed before the whole answer was there */
               FAILURE_TLS,
               FAILURE_PROTOCOL, /* what came is not HTTP */
               FAILURE_OTHER,
               FAILURE_UNFINISHED, /* ended by transport_abandon */
               FAILURE_COUNT,
};

extern const char *const failure_names[FAILURE_COUNT]; /* "connection refused", ... */

struct outcome { /* how one request ended; pointers end with the call */
    uint64_t tag;
    uint64_t intended_ns;
    uint64_t sent_ns; /* when the request had been written; 0 when it never was */
    uint64_t done_ns;
    enum failure failure;
    int status; /* 0 unless failure is FAILURE_NONE */
    uint64_t body_bytes;
    const char *pod;    /* the X-Swell-Pod header; NULL without one */
    const char *reason; /* of a failure, for people; names no credential */
};

struct transport_config { /* borrowed until transport_free */
    const char *url;
    const char *method;         /* NULL: GET, or POST where there is a body */
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    bool keepalive; /* false: a new connection for each request, "Connection: close" */
    uint64_t timeout_ns;
    size_t max_in_flight;
    int wake_fd; /* transport_wait returns when it is readable, and empties it; -1: none */
    void (*done)(void *arg, const struct outcome *o);
    void *arg;
};

const char *transport_version(void); /* of libcurl */

/* What is wrong with it as a target: 0, or -EINVAL. */
int transport_check_url(const char *url, struct err *err);

/* NULL with the reason in err: memory, or more descriptors needed than the system allows. */
struct transport *transport_new(const struct transport_config *config, struct err *err);
void transport_free(struct transport *t); /* without calling back */

/* Sends a request from the next transport_wait on; done is called once from there (or from
 * transport_abandon) and may send again. body (NULL: none) must live until then. -EBUSY when
 * max_in_flight are under way, -ENOMEM. */
int transport_send(struct transport *t, uint64_t intended_ns, uint64_t tag, const char *body,
                   size_t body_len);

size_t transport_in_flight(const struct transport *t);

/* Moves all requests on and waits for an event, at the latest until until_ns (CLOCK_MONOTONIC).
 * True when wake_fd was readable. */
bool transport_wait(struct transport *t, uint64_t until_ns);

/* Ends all that is under way as FAILURE_UNFINISHED. */
void transport_abandon(struct transport *t);

#endif
