// SPDX-License-Identifier: MIT
/* client: requests to an API server, beside whatever else a thread's fetcher does.
 *
 *     struct kube *k = kube_new(fetcher, &access);
 *     kube_send(k, &(struct kube_request){.path = "/api/v1/nodes"}, on_nodes, app);
 *     for (;;)
 *         fetcher_wait(fetcher, NULL, 0, kube_run(k));
 *
 * Every request has a time limit, every answer a size limit. A try that failed in a way that may
 * pass (no connection, a timeout, 429, 500, 502, 503, 504, and 401 with a token that has been
 * renewed since) is made again, after 0.5 s, then half as long again each time, but for a tenth at
 * random. A token file is read again every minute and after a 401. One thread, the fetcher's. */
#ifndef KUBE_CLIENT_H
#define KUBE_CLIENT_H

#include "http/fetch.h"
#include "kube/access.h"

#include <jansson.h>
#include <stdint.h>

struct kube;

/* Both are borrowed until kube_free. NULL when out of memory. */
struct kube *kube_new(struct fetcher *f, const struct kube_access *access);
void kube_free(struct kube *k); /* drops what is under way without calling back */

/* Starts what is due and hands out events (watch.h). Returns after how many ns it wants to be
 * called again at the latest. Call it in front of every fetcher_wait. */
uint64_t kube_run(struct kube *k);

#define KUBE_PATCH_MERGE "application/merge-patch+json"
#define KUBE_PATCH_APPLY "application/apply-patch+yaml" /* server-side apply; JSON is YAML */

struct kube_request {
    const char *method;       /* NULL: GET */
    const char *path;         /* with its query; names are checked or encoded by the caller */
    const json_t *body;       /* NULL: none */
    const char *content_type; /* of the body; NULL: application/json. A literal */
    const char *accept;       /* another header line than "Accept: application/json". A literal */
    uint64_t timeout_ns;      /* of one try; 0: 10 s */
    unsigned tries;           /* 0: 1 */
};

/* result: 0 with the answer to a 2xx (object is borrowed); else a negative errno with the reason in
 * the server's words: -EINVAL (400, 422), -EACCES (401, 403), -ENOENT (404), -EEXIST (409: it
 * exists, or it has changed since), -ESTALE (410), -EAGAIN (429), -EIO (5xx), -EBADMSG (not JSON,
 * or another status), or one of http/client.h. status is 0 when there was no answer. */
typedef void kube_done_fn(void *arg, int result, int status, const json_t *object,
                          const struct err *err);

/* Returns an id > 0, or -ENOMEM. The request is copied. done is called once, from fetcher_wait or
 * kube_run, and may call anything here but kube_free and kube_run. */
int64_t kube_send(struct kube *k, const struct kube_request *r, kube_done_fn *done, void *arg);
void kube_cancel(struct kube *k, int64_t id); /* done is not called; unknown ids are ignored */

#endif
