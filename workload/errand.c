// SPDX-License-Identifier: MIT
#include "workload/errand.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <stdlib.h>

/* ---- answers ---- */

static struct http_reply error_reply(int code, const struct err *err)
{
    static const struct {
        int code, status;
    } table[] = {{-ENOENT, 404}, {-ESTALE, 409}, {-ENOBUFS, 429}, {-EDQUOT, 507}, {-ENOSPC, 507}};
    int status = 500;

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].code == code)
            status = table[i].status;
    struct http_reply reply = status_reply(status, err->text);
    if (status == 429 || status == 507)
        reply.headers[0] = (struct http_pair){"Retry-After", "1"};
    return reply;
}

/* These are answers about one request; anything else means that the file does not work. */
static bool is_answer(int code)
{
    return code == -ENOENT || code == -ESTALE || code == -ENOBUFS || code == -EDQUOT;
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static double age_seconds(uint64_t since_ns, uint64_t now_ns)
{
    return since_ns < now_ns ? seconds(now_ns - since_ns) : 0;
}

/* ---- make, put ---- */

static int do_make(struct jobs *j, struct errand *e, struct err *err)
{
    bool is_new = false;
    int r = jobs_make_queue(j, e->queue, &is_new, err);

    if (r == 0)
        e->reply = json_reply(is_new ? 201 : 200, json_pack("{s:s}", "queue", e->queue));
    return r;
}

static json_t *put_answer(const struct errand *e, uint64_t new_count)
{
    const struct put_request *put = &e->put;
    json_t *ids = json_array();
    uint64_t count = 0;

    for (size_t i = 0; i < put->count; i++) {
        count += put->puts[i].count;
        (void)json_array_append_new(ids, json_string(put->puts[i].id));
    }
    json_t *answer = json_pack("{s:s, s:I, s:I}", "queue", e->queue, "count", (json_int_t)count,
                               "new", (json_int_t)new_count);
    int r = put->is_list ? json_object_set(answer, "ids", ids)
                         : json_object_set(answer, "id", json_array_get(ids, 0));
    json_decref(ids);
    if (r < 0) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

static int do_put(struct jobs *j, struct errand *e, struct err *err)
{
    uint64_t new_count = 0;
    int r = jobs_put(j, e->queue, e->put.puts, e->put.count, clock_wall_ns(), &new_count, err);

    if (r == 0)
        e->reply = json_reply(new_count ? 201 : 200, put_answer(e, new_count));
    return r;
}

/* ---- lease and what ends it ---- */

static json_t *leased_to_json(const struct job *job, uint64_t now_ns)
{
    json_t *object = json_pack("{s:s, s:f, s:s, s:I, s:f}", "id", job->id, "cpu_ms", job->cpu_ms,
                               "lease", job->lease, "attempt", (json_int_t)job->attempt,
                               "age_seconds", age_seconds(job->put_ns, now_ns));

    if (job->data)
        (void)json_object_set_new(object, "data", json_stringn(job->data, job->data_len));
    return object;
}

static json_t *peeked_to_json(const struct job *job, uint64_t now_ns)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:f, s:I, s:f, s:I}", "id", job->id, "state", job_state_names[job->state],
        "cpu_ms", job->cpu_ms, "attempt", (json_int_t)job->attempt, "age_seconds",
        age_seconds(job->put_ns, now_ns), "data_bytes", (json_int_t)job->data_len);

    if (job->until_ns)
        (void)json_object_set_new(object, "seconds_left",
                                  json_real(age_seconds(now_ns, job->until_ns)));
    if (job->note[0])
        (void)json_object_set_new(object, "note", json_string(job->note));
    return object;
}

/* {"jobs":[...]}; releases the jobs. */
static json_t *jobs_to_json(struct job *jobs, size_t count,
                            json_t *to_json(const struct job *, uint64_t))
{
    json_t *list = json_array();
    uint64_t now_ns = clock_wall_ns();
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        r |= json_array_append_new(list, to_json(&jobs[i], now_ns));
        job_done(&jobs[i]);
    }
    if (r < 0) {
        json_decref(list);
        return NULL;
    }
    return json_pack("{s:o}", "jobs", list);
}

/* A job is not given to a client who went away: its lease would only run out. */
static int do_lease(struct jobs *j, struct errand *e, struct err *err)
{
    struct job jobs[JOBS_LEASES_MAX];
    size_t count = 0;
    int r = 0;

    if (!http_pending_client_gone(e->pending))
        r = jobs_lease(j, e->queue, e->lease.worker, clock_wall_ns() + e->lease.lease_ns,
                       e->lease.max, jobs, &count, err);
    else
        e->wait_until_ns = 0;
    if (r < 0)
        return r;
    if (count == 0 && clock_mono_ns() < e->wait_until_ns)
        return -EAGAIN;
    e->reply = json_reply(200, jobs_to_json(jobs, count, leased_to_json));
    return 0;
}

static struct job_lease lease_of(const struct errand *e)
{
    return (struct job_lease){e->queue, e->held.id, e->held.lease};
}

static struct http_reply outcome(const struct errand *e, const char *text)
{
    return json_reply(200, json_pack("{s:s, s:s}", "id", e->held.id, "outcome", text));
}

static int do_ack(struct jobs *j, struct errand *e, struct err *err)
{
    const struct job_lease lease = lease_of(e);
    int r = jobs_ack(j, &lease, clock_wall_ns(), err);

    if (r == 0)
        e->reply = outcome(e, "done");
    return r;
}

static int do_extend(struct jobs *j, struct errand *e, struct err *err)
{
    const struct job_lease lease = lease_of(e);
    int r = jobs_extend(j, &lease, clock_wall_ns() + e->held.lease_ns, err);

    if (r == 0)
        e->reply = json_reply(200, json_pack("{s:s, s:f}", "id", e->held.id, "lease_seconds",
                                             seconds(e->held.lease_ns)));
    return r;
}

static int do_fail(struct jobs *j, struct errand *e, struct err *err)
{
    const struct job_lease lease = lease_of(e);
    enum job_state state;
    int r = jobs_fail(j, &lease, e->held.reason, e->held.delay_ns, clock_wall_ns(), &state, err);

    if (r == 0)
        e->reply = outcome(e, job_state_names[state]);
    return r;
}

static int do_release(struct jobs *j, struct errand *e, struct err *err)
{
    const struct job_lease lease = lease_of(e);
    int r = jobs_release(j, &lease, err);

    if (r == 0)
        e->reply = outcome(e, job_state_names[JOB_READY]);
    return r;
}

/* ---- peek, purge, requeue ---- */

static int do_peek(struct jobs *j, struct errand *e, struct err *err)
{
    struct job jobs[JOBS_PEEK_MAX];
    size_t count = 0;
    int r = jobs_peek(j, e->queue, e->select.state, e->select.max, jobs, &count, err);

    if (r == 0)
        e->reply = json_reply(200, jobs_to_json(jobs, count, peeked_to_json));
    return r;
}

/* One step; -EAGAIN when there are more. */
static int move_some(struct jobs *j, struct errand *e, struct err *err)
{
    const char *id = e->select.id[0] ? e->select.id : NULL;
    int r = e->begun ? 0 : jobs_last(j, &e->last, err);

    if (r < 0)
        return r;
    if (e->kind == ERRAND_PURGE)
        r = jobs_purge(j, e->queue, e->select.state, id, e->last, &e->moved_now, err);
    else
        r = jobs_requeue(j, e->queue, id, e->last, &e->moved_now, err);
    if (r < 0)
        return r;
    e->begun = true;
    e->moved += e->moved_now;
    e->unfinished = !id && e->moved_now == JOBS_STEP_MAX;
    return e->unfinished ? -EAGAIN : 0;
}

static int do_move(struct jobs *j, struct errand *e, struct err *err)
{
    int r = move_some(j, e, err);

    if (r == 0)
        e->reply = json_reply(200, json_pack("{s:s, s:I}", "queue", e->queue,
                                             e->kind == ERRAND_PURGE ? "purged" : "requeued",
                                             (json_int_t)e->moved));
    return r;
}

/* ---- one errand ---- */

int errand_do(struct errand *e, struct jobs *j, struct err *err)
{
    static int (*const how[ERRAND_KINDS])(struct jobs *, struct errand *, struct err *) = {
        [ERRAND_MAKE] = do_make,       [ERRAND_PUT] = do_put,       [ERRAND_LEASE] = do_lease,
        [ERRAND_ACK] = do_ack,         [ERRAND_EXTEND] = do_extend, [ERRAND_FAIL] = do_fail,
        [ERRAND_RELEASE] = do_release, [ERRAND_PEEK] = do_peek,     [ERRAND_PURGE] = do_move,
        [ERRAND_REQUEUE] = do_move};

    e->moved_now = 0;
    int r = how[e->kind](j, e, err);
    if (is_answer(r))
        e->reply = error_reply(r, err);
    e->answered = r == 0 || is_answer(r);
    return r == -EAGAIN || is_answer(r) ? 0 : r;
}

void errand_undo(struct errand *e)
{
    http_reply_done(&e->reply);
    e->reply = (struct http_reply){0};
    e->answered = false;
    e->moved -= e->moved_now;
    e->moved_now = 0;
}

void errand_refuse(struct errand *e, int code, const struct err *err)
{
    errand_undo(e);
    e->reply = error_reply(code, err);
    e->answered = true;
}

void errand_free(struct errand *e)
{
    if (e && e->kind == ERRAND_PUT)
        put_request_done(&e->put);
    free(e);
}

void errand_answer(struct errand *e)
{
    http_pending_reply(e->pending, e->reply);
    errand_free(e);
}
