// SPDX-License-Identifier: MIT
#include "adapter/sources/swell_queue.h"

#include "adapter/sources/endpoint.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define PATH_MAX_BYTES 512

struct swell_queue {
    struct endpoint *endpoint;
    char *queue;
    char *path; /* below the endpoint, encoded */
    bool unfinished;
};

static void done(void *settings)
{
    struct swell_queue *q = settings;

    if (!q)
        return;
    endpoint_unref(q->endpoint);
    free(q->queue);
    free(q->path);
    free(q);
}

static int keep_queue(struct swell_queue *q, const char *queue)
{
    struct buf path = {.max = PATH_MAX_BYTES};

    q->queue = strdup(queue);
    if (buf_puts(&path, "/queues/") == 0 && urltext_segment(&path, queue) == 0)
        q->path = buf_take(&path, NULL);
    buf_done(&path);
    return q->queue && q->path ? 0 : -ENOMEM;
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        ENDPOINT_MEMBERS, {"queue", true}, {"count", false}, {0}};
    struct swell_queue *q = ret->settings = calloc(1, sizeof(*q));
    static const char *const counts[] = {"ready", "unfinished", NULL};
    const char *queue = NULL;
    int count = 0;

    if (!q)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &q->endpoint);
    if (r == 0)
        r = strict_text(s, mapping, path, "queue", NAME_MAX_BYTES, &queue);
    if (r == 0)
        r = strict_choice(s, mapping, path, "count", counts, &count);
    if (r < 0)
        return r;
    q->unfinished = count == 1;
    ret->timeout_ns = endpoint_timeout_ns(q->endpoint);
    if (asprintf(&ret->shown_as, "swell-queue at %s", endpoint_host(q->endpoint)) < 0)
        ret->shown_as = NULL;
    if (keep_queue(q, queue) < 0 || !ret->shown_as)
        return err_set(s->err, -ENOMEM, "out of memory");
    return 0;
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct swell_queue *q = s->settings;

    (void)p;
    ret->call.headers[0] = "Accept: application/json";
    return endpoint_request(q->endpoint, q->path, NULL, 0, ret, err);
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct swell_queue *q = s->settings;
    struct sample sample = {0};
    json_auto_t *doc = NULL;

    (void)p;
    if (status == 404)
        return err_set(err, -EBADMSG, "answers 404: it has no queue '%s'", q->queue);
    int r = endpoint_read_answer(status, body, &doc, err);
    if (r < 0)
        return r;
    const json_t *depth = json_object_get(doc, "depth"),
                 *leased = json_object_get(doc, "in_flight");
    if (!json_is_number(depth) || !json_is_number(leased))
        return err_set(err, -ENOMSG, "answers what is no state of a queue");
    sample_set_number(&sample,
                      json_number_value(depth) + (q->unfinished ? json_number_value(leased) : 0));
    r = samples_add(ret, &sample);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static void help(FILE *out)
{
    (void)fputs("      swellQueue:             a queue of swell-workload\n"
                "        url: http://queue:8080\n"
                "        queue: jobs\n"
                "        count: ready          or unfinished, with what is leased; default ready\n",
                out);
}

const struct source_kind swell_queue_kind = {
    .name = "swellQueue",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .help = help,
};
