// SPDX-License-Identifier: MIT
#include "workload/queue_api.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "kube/status.h"
#include "workload/queue_views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- statistics ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct job_stats *)a)->queue, ((const struct job_stats *)b)->queue);
}

static struct http_reply serve_list(void *arg, const struct http_request *r)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(arg, stats);
    uint64_t now_ns = clock_wall_ns();
    json_t *list = json_array();
    int failed = 0;

    (void)r;
    qsort(stats, count, sizeof(stats[0]), by_name);
    for (size_t i = 0; i < count; i++)
        failed |= json_array_append_new(list, queue_to_json(&stats[i], now_ns));
    if (failed) {
        json_decref(list);
        return json_reply(500, NULL);
    }
    return json_reply(200, json_pack("{s:o}", "queues", list));
}

static bool find_stats(struct clerk *clerk, const char *queue, struct job_stats *ret)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(clerk, stats);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(stats[i].queue, queue) == 0) {
            *ret = stats[i];
            return true;
        }
    }
    return false;
}

static struct http_reply serve_stats(void *arg, const struct http_request *r)
{
    struct job_stats stats;

    if (find_stats(arg, r->params[0], &stats))
        return json_reply(200, queue_to_json(&stats, clock_wall_ns()));
    return status_replyf(404,
                         "there is no queue '%s': nobody has made it, or put or asked for a job "
                         "in it",
                         r->params[0]);
}

/* The path has been decoded, so that the vhost "%2F" reads "/": the queue is what follows the last
 * slash, and everything before is the vhost, of which there is only one here. */
static struct http_reply serve_rabbitmq(void *arg, const struct http_request *r)
{
    scoped(free_at) char *vhost = strdup(r->params[0]);
    char *slash = vhost ? strrchr(vhost, '/') : NULL;
    struct job_stats stats;

    if (slash && find_stats(arg, slash + 1, &stats)) {
        *slash = '\0';
        return json_reply(200, queue_to_rabbitmq(&stats, vhost));
    }
    return json_reply(404,
                      json_pack("{s:s, s:s}", "error", "Object Not Found", "reason", "Not Found"));
}

/* ---- changes ---- */

static bool is_bad_name(const struct http_request *r, struct http_reply *ret)
{
    if (jobs_queue_name_valid(r->params[0]))
        return false;
    *ret = status_replyf(400, "'%.80s' is no name of a queue: 1 to %d of a-z, 0-9 and -",
                         r->params[0], JOBS_QUEUE_NAME_MAX);
    return true;
}

static struct http_reply unreadable(int code, const struct err *err)
{
    return status_reply(code == -ENOMEM ? 500 : 400, err->text);
}

static struct http_reply serve_make(void *arg, const struct http_request *r)
{
    struct http_reply refusal;

    if (is_bad_name(r, &refusal))
        return refusal;
    return clerk_do(arg, r, r->params[0], (struct errand){.kind = ERRAND_MAKE});
}

static struct http_reply serve_put(void *arg, const struct http_request *r)
{
    struct errand errand = {.kind = ERRAND_PUT};
    struct http_reply refusal;
    struct err err = {0};

    if (is_bad_name(r, &refusal))
        return refusal;
    int code = put_request_read(r->body, r->body_len, &errand.put, &err);
    return code < 0 ? unreadable(code, &err) : clerk_do(arg, r, r->params[0], errand);
}

static struct http_reply serve_lease(void *arg, const struct http_request *r)
{
    struct errand errand = {.kind = ERRAND_LEASE};
    struct http_reply refusal;
    struct err err = {0};

    if (is_bad_name(r, &refusal))
        return refusal;
    int code = lease_request_read(r->body, r->body_len, &errand.lease, &err);
    if (code < 0)
        return unreadable(code, &err);
    errand.wait_until_ns = clock_mono_ns() + errand.lease.wait_ns;
    return clerk_do(arg, r, r->params[0], errand);
}

static struct http_reply serve_held(struct clerk *clerk, const struct http_request *r,
                                    enum errand_kind kind)
{
    struct errand errand = {.kind = kind};
    struct http_reply refusal;
    struct err err = {0};

    if (is_bad_name(r, &refusal))
        return refusal;
    int code = held_request_read(r->body, r->body_len, &errand.held, &err);
    return code < 0 ? unreadable(code, &err) : clerk_do(clerk, r, r->params[0], errand);
}

static struct http_reply serve_ack(void *arg, const struct http_request *r)
{
    return serve_held(arg, r, ERRAND_ACK);
}

static struct http_reply serve_extend(void *arg, const struct http_request *r)
{
    return serve_held(arg, r, ERRAND_EXTEND);
}

static struct http_reply serve_fail(void *arg, const struct http_request *r)
{
    return serve_held(arg, r, ERRAND_FAIL);
}

static struct http_reply serve_release(void *arg, const struct http_request *r)
{
    return serve_held(arg, r, ERRAND_RELEASE);
}

/* ---- looking into a queue ---- */

/* The state that ?state= names, ready without one; -EINVAL with a sentence when it is none of
 * allowed, a bit for each. */
static int read_state(const struct http_request *r, unsigned allowed, enum job_state *ret,
                      struct err *err)
{
    const char *text = http_query(r, "state");

    *ret = JOB_READY;
    if (!text)
        return 0;
    for (int i = 0; i < JOB_STATES; i++) {
        if ((allowed & 1U << i) && strcmp(text, job_state_names[i]) == 0) {
            *ret = (enum job_state)i;
            return 0;
        }
    }
    return err_set(err, -EINVAL, "'%.40s' is no state that this can be asked for", text);
}

static int read_select(const struct http_request *r, unsigned states, struct select_request *ret,
                       struct err *err)
{
    const char *limit = http_query(r, "limit"), *id = http_query(r, "id");
    int code = read_state(r, states, &ret->state, err);

    ret->max = 10;
    if (code == 0 && limit && parse_u64(limit, 1, JOBS_PEEK_MAX, &ret->max) < 0)
        code = err_set(err, -EINVAL, "limit takes a whole number from 1 to %d", JOBS_PEEK_MAX);
    if (code == 0 && id && !jobs_id_valid(id))
        code = err_set(err, -EINVAL, "id takes letters, digits and . _ : -");
    if (code == 0 && id)
        (void)strcpy(ret->id, id);
    return code;
}

static struct http_reply serve_peek(void *arg, const struct http_request *r)
{
    struct errand errand = {.kind = ERRAND_PEEK};
    struct err err = {0};

    if (read_select(r, ~0U, &errand.select, &err) < 0)
        return status_reply(400, err.text);
    return clerk_do(arg, r, r->params[0], errand);
}

static struct http_reply serve_purge(void *arg, const struct http_request *r)
{
    const unsigned states = 1U << JOB_READY | 1U << JOB_DELAYED | 1U << JOB_DEAD;
    struct errand errand = {.kind = ERRAND_PURGE};
    struct err err = {0};

    if (read_select(r, states, &errand.select, &err) < 0)
        return status_reply(400, err.text);
    return clerk_do(arg, r, r->params[0], errand);
}

static struct http_reply serve_requeue(void *arg, const struct http_request *r)
{
    struct errand errand = {.kind = ERRAND_REQUEUE, .select = {.state = JOB_DEAD}};
    struct requeue_request requeue;
    struct err err = {0};

    if (requeue_request_read(r->body, r->body_len, &requeue, &err) < 0)
        return status_reply(400, err.text);
    (void)strcpy(errand.select.id, requeue.id);
    return clerk_do(arg, r, r->params[0], errand);
}

static const struct http_route routes[] = {
    {"GET", "/queues", serve_list, "All queues: {\"queues\":[...]}, each as below."},
    {"GET", "/queues/{queue}", serve_stats,
     "{\"queue\",\"depth\" (ready, not leased),\"in_flight\",\"delayed\",\"dead\","
     "\"oldest_seconds\",\"arrival_per_second\",\"service_per_second\" (over ten seconds),"
     "\"put\",\"leased\",\"done\",\"duplicates\",\"expired\",\"failed\",\"released\",\"purged\"}; "
     "404 before the first put or lease, so that a wrong name is not an empty queue. KEDA's "
     "metrics-api reads it with valueLocation depth."},
    {"PUT", "/queues/{queue}", serve_make, "Makes the queue, empty: 201; 200 when it is there."},
    {"POST", "/queues/{queue}/jobs", serve_put,
     "Puts {\"cpu_ms\":20,\"id\":\"order-1\",\"count\":1,\"delay_seconds\":0,\"data\":\"\"}, or "
     "many: {\"jobs\":[...]}. id is optional and the key by which repeated puts are recognised; "
     "with a count of 2 to 10000 the jobs are id.1, id.2 and so on; data, up to 64 KiB, comes back "
     "with the lease. 201 {\"queue\",\"id\" or \"ids\",\"count\",\"new\"}, 200 when all were "
     "known, 413 beyond 1 MiB, 429 when the queue is full, 507 when the disk is."},
    {"GET", "/queues/{queue}/jobs", serve_peek,
     "Looks without taking: ?state=ready, leased, delayed, dead or done, ?limit=10 to 100. "
     "{\"jobs\":[{\"id\",\"state\",\"cpu_ms\",\"attempt\",\"age_seconds\",\"data_bytes\","
     "\"seconds_left\",\"note\"}]}."},
    {"DELETE", "/queues/{queue}/jobs", serve_purge,
     "Purges what is ready, or ?state=delayed or dead; with ?id= only that job. "
     "{\"queue\",\"purged\"}."},
    {"POST", "/queues/{queue}/lease", serve_lease,
     "Leases {\"worker\":\"w\",\"lease_seconds\":30,\"max\":1,\"wait_seconds\":0}, all optional; "
     "waits up to 20 s for a job. 200 "
     "{\"jobs\":[{\"id\",\"cpu_ms\",\"lease\",\"attempt\",\"age_seconds\",\"data\"}]}."},
    {"POST", "/queues/{queue}/ack", serve_ack,
     "Acknowledges {\"id\",\"lease\"}. 200, also when repeated; 409 when the lease is not held any "
     "more (the work was done twice); 404 for an unknown job."},
    {"POST", "/queues/{queue}/extend", serve_extend,
     "Holds {\"id\",\"lease\"} for \"lease_seconds\":30 from now on. 409 and 404 as above."},
    {"POST", "/queues/{queue}/fail", serve_fail,
     "Gives {\"id\",\"lease\",\"reason\"} back as failed: it is delayed for \"delay_seconds\", or "
     "as --retry-delay says, or dead after --max-attempts. 409 and 404 as above."},
    {"POST", "/queues/{queue}/release", serve_release,
     "Gives {\"id\",\"lease\"} back untried: ready at once. 409 and 404 as above."},
    {"POST", "/queues/{queue}/requeue", serve_requeue,
     "Makes dead jobs ready again, all or {\"id\"}. {\"queue\",\"requeued\"}."},
    {"GET", "/api/queues/{vhost/queue...}", serve_rabbitmq,
     "The queue as RabbitMQ's management API shows it, for scalers that read that: messages, "
     "messages_ready, messages_unacknowledged, message_stats with publish, deliver_get and ack "
     "rates. Any vhost."},
};

const struct role_part queue_part = {.routes = routes,
                                     .route_count = ARRAY_LEN(routes),
                                     .metrics = queue_metrics,
                                     .metric_count = QUEUE_METRICS};
