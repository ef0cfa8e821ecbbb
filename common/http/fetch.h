// SPDX-License-Identifier: MIT
/* fetch: many HTTP requests at a time from one thread that also waits for other descriptors.
 *
 * The heart of an event loop: start requests, then let fetcher_wait sleep until a request ends, a
 * descriptor is readable, or the time is up. The same rules as client.h. One thread, except
 * fetcher_wake. */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include "http/client.h"

#include <poll.h>

struct fetcher;

struct fetcher *fetcher_new(void);
void fetcher_free(struct fetcher *f); /* cancels what is under way without calling back */

/* result: 0 and a status with its body (borrowed), or a negative errno as http_client_call and its
 * reason in err. */
typedef void fetch_done_fn(void *arg, int result, int status, const struct buf *body,
                           const struct err *err);

/* Starts; done is called once from a later fetcher_wait, unless cancelled. call and what it points
 * to are copied. Returns an id > 0; -ENOMEM; or -EINVAL for a bearer that fits no header. */
int64_t fetcher_start(struct fetcher *f, const struct http_call *call, size_t max_body_bytes,
                      fetch_done_fn *done, void *arg);

/* The same for a body that arrives over a long time, such as a watch: each piece of a 2xx answer
 * goes to on_data as it comes. A negative errno from there ends the transfer, and is what done
 * gets. Other answers are collected as above. on_data must not call the fetcher. */
typedef int fetch_data_fn(void *arg, const char *data, size_t len);
int64_t fetcher_stream(struct fetcher *f, const struct http_call *call, size_t max_body_bytes,
                       fetch_data_fn *on_data, fetch_done_fn *done, void *arg);

/* Ends a request without calling back; an id that is done already is ignored. */
void fetcher_cancel(struct fetcher *f, int64_t id);

/* Waits up to timeout_ns (rounded up to whole ms) for the first event, fills revents of fds
 * (POLLIN only), and calls back what ended. */
void fetcher_wait(struct fetcher *f, struct pollfd *fds, size_t count, uint64_t timeout_ns);

/* Makes a running or the next fetcher_wait return at once. Any thread. */
void fetcher_wake(struct fetcher *f);

#endif
