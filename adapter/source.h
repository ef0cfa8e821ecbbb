// SPDX-License-Identifier: MIT
/* source: what can be asked for values, and how.
 *
 *     source: {http: {url: "http://queue/queues/jobs", valuePath: depth, timeout: 2s}}
 *
 * A kind of source is a row of functions (source_kinds); a source is a kind with its settings. A
 * kind is asked in one of two ways. Most speak HTTP: `request` says what to send and `read_answer`
 * what the answer means; sending is the poller's business, and many requests run side by side.
 * The others have an `ask` that waits, and runs on one of a few threads of its own.
 *
 * A source is immutable once it is made, and counted: any thread. What a kind keeps from poll to
 * poll (a connection, the last scrape) is the memory of the query that polls; one poll of a query
 * runs at a time, though not always on the same thread. */
#ifndef ADAPTER_SOURCE_H
#define ADAPTER_SOURCE_H

#include "adapter/pod_list.h"
#include "adapter/sample.h"
#include "http/client.h"
#include "kube/strict.h"

#include <stdatomic.h>
#include <stdbool.h>

struct source;

#define SOURCE_TIMEOUT_DEFAULT_NS UINT64_C(2000000000)
#define SOURCE_TIMEOUT_MIN_NS UINT64_C(10000000)
#define SOURCE_TIMEOUT_MAX_NS UINT64_C(60000000000)
#define SOURCE_BODY_MAX ((size_t)1024 * 1024) /* of an answer, unless the kind says more */

/* One poll of one query. */
struct source_poll {
    void *memory;  /* kind->memory_size bytes, zero at first */
    unsigned step; /* of HTTP kinds: how many answers were read in this poll */
    uint64_t started_ns, started_wall_ns;
    struct pod_finder pods; /* for kinds that find pods */
};

/* An HTTP request with what it needs in memory; {0} is empty. */
#define SOURCE_REQUEST_TEXTS_MAX 16
#define SOURCE_REQUESTS_MAX 20 /* of one poll */
struct source_request {
    struct http_call call;
    char *texts[SOURCE_REQUEST_TEXTS_MAX]; /* freed when the request has been started */
    size_t text_count;
};

/* Gives a text to the request, which frees it. Returns text; NULL for NULL or no room, both of
 * which mean out of memory. */
char *source_request_keep(struct source_request *r, char *text);
void source_request_done(struct source_request *r);

#define SOURCE_ASK_AGAIN 1 /* one more request is needed */
#define SOURCE_NOT_YET 2   /* all is well, but a value needs the next poll too */

/* Errors of all the functions below: err holds what follows the source's name ("answers 401",
 * "cannot be connected to"), without secrets and without repeating what the source sent. The code
 * counts as: -ETIMEDOUT timeout, -EBADMSG not 2xx, -E2BIG too large, -ENOMSG no value, another one
 * unreachable. */
struct source_kind {
    const char *name; /* the field below `source:` */

    /* Reads the mapping at path and fills ret's settings, shown_as, and timeout_ns (set to the
     * default before). After a failure done is called with what is there. */
    int (*read_config)(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret);
    void (*done)(void *settings); /* NULL does nothing */

    int (*request)(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err);
    /* 0 when ret holds the samples; SOURCE_ASK_AGAIN; SOURCE_NOT_YET; negative: an error. */
    int (*read_answer)(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err);
    size_t body_max; /* 0: SOURCE_BODY_MAX */

    /* Instead of the two above. Ends within the source's timeout. */
    int (*ask)(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err);
    bool asks_at_once; /* ask never waits, and needs no thread of its own */
    bool finds_pods;   /* ask wants to know of the API server which pods there are */

    size_t memory_size;
    void (*memory_done)(void *memory); /* NULL: nothing to release */

    void (*help)(FILE *out); /* its fields, for --help */
};

extern const struct source_kind *const source_kinds[]; /* ends with NULL */

struct source {
    atomic_uint refs;
    const struct source_kind *kind;
    void *settings;      /* the kind's */
    char *shown_as;      /* for people: "RabbitMQ at rabbit:15672"; no secrets */
    char *key;           /* two sources with the same key ask the same; holds no secret */
    uint64_t timeout_ns; /* of one poll of a waiting kind, of one request of the others */
};

/* Reads `source:`, a mapping with one kind's name, into *ret: new, one reference. */
int source_read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source **ret);

/* A source made by the program. Takes settings, also when it fails; copies the texts. NULL when out
 * of memory. */
struct source *source_new(const struct source_kind *kind, void *settings, const char *shown_as,
                          const char *key, uint64_t timeout_ns);

struct source *source_ref(struct source *s);
void source_unref(struct source *s); /* NULL does nothing */

/* Reads `timeout:`, for kinds that have it. */
int source_read_timeout(const struct strict *s, const json_t *mapping, const char *path,
                        struct source *ret);

/* What http/client.h reports about a request that had no answer, in words that follow the source's
 * name. Returns result. */
int source_explain_transport(const struct source *s, int result, const struct err *report,
                             struct err *ret);

/* The same of any request with that timeout and that limit of its answer. */
int source_explain_http(uint64_t timeout_ns, size_t body_max, int result, const struct err *report,
                        struct err *ret);

void source_help(FILE *out); /* all kinds, for --help */

#endif
