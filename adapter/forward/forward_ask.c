// SPDX-License-Identifier: MIT
#include "adapter/forward/forward_private.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES (8 * KIB)

/* ---- jobs ---- */

static void job_free(struct job *j)
{
    question_done(&j->question);
    free(j->unknown);
    free(j);
}

static void reply(struct job *j, struct http_reply r)
{
    http_pending_reply(j->pending, r);
    job_free(j);
}

/* The sentence of a 503: why says what follows the other's name. */
static struct http_reply refusal(const struct job *j, const char *why)
{
    return status_replyf(503,
                         "%s metric \"%.253s\" is not configured here, and %s, which is asked for "
                         "such ones, %s",
                         pass_group_names[j->forward->group], j->question.metric,
                         forward_other(j->forward), why);
}

/* The lock is held, and something failed. */
static struct http_reply refusal_of_circuit(const struct job *j)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};

    return circuit_explain(&j->forward->circuit, clock_mono_ns(), &why) == 0
               ? refusal(j, why.data)
               : status_reply(500, "out of memory");
}

/* ---- for who asks ---- */

static struct http_reply not_passed_on(int result, const struct err *why, const char *unknown)
{
    if (result != -EINVAL)
        return status_reply(500, "out of memory");
    if (unknown)
        return status_reply(503, unknown);
    return status_replyf(
        404, "the metric is not configured here, and it is not asked for elsewhere: %s", why->text);
}

/* Takes unknown. NULL with *ret set when it is not to be asked. */
static struct job *job_new(struct forward *f, const struct http_request *r, char *unknown,
                           struct http_reply *ret)
{
    struct question question = {0};
    struct err why = {0};
    int result = question_read(r, &question, &why);
    struct job *j = result == 0 ? calloc(1, sizeof(*j)) : NULL;

    if (j) {
        *j = (struct job){.forward = f, .question = question, .unknown = unknown};
        return j;
    }
    *ret = not_passed_on(result, &why, unknown);
    question_done(&question);
    free(unknown);
    return NULL;
}

/* The lock is held. False with *ret set when it cannot be asked now. */
static bool enter(struct forward *f, struct job *j, struct http_reply *ret)
{
    enum forward_outcome outcome = FORWARD_BUSY;

    if (f->running >= FORWARD_REQUESTS_MAX) {
        *ret = refusal(j, "is being asked as much at a time as it may be");
    } else {
        j->leave = circuit_enter(&f->circuit, clock_mono_ns());
        if (j->leave != CIRCUIT_NO)
            return true;
        *ret = refusal_of_circuit(j);
        outcome = FORWARD_FAILING;
    }
    metric_add(f->counts.outcomes[outcome], 1);
    return false;
}

/* The lock is held. False with *ret set when it cannot be asked. */
static bool submit(struct forward *f, const struct http_request *r, struct job *j,
                   struct http_reply *ret)
{
    if (!enter(f, j, ret))
        return false;
    j->pending = http_defer(r);
    if (!j->pending) {
        circuit_dropped(&f->circuit, j->leave);
        *ret = status_reply(500, "out of memory");
        return false;
    }
    *f->last = j;
    f->last = &j->next;
    f->running++;
    return true;
}

struct http_reply forward_ask(struct forward *f, const struct http_request *r, char *unknown)
{
    struct http_reply refused;
    struct job *j = job_new(f, r, unknown, &refused);

    if (!j)
        return refused;
    pthread_mutex_lock(&f->lock);
    bool submitted = submit(f, r, j, &refused);
    pthread_mutex_unlock(&f->lock);
    if (submitted) {
        fetcher_wake(f->fetcher);
        return http_reply_later();
    }
    job_free(j);
    return refused;
}

/* ---- answers ---- */

static void log_change(const struct forward *f, bool failing, const struct err *why)
{
    if (failing)
        log_warn("other adapter fails", LOG_STR("group", pass_group_names[f->group]),
                 LOG_STR("other", forward_other(f)), LOG_STR("cause", why->text));
    else
        log_info("other adapter answers again", LOG_STR("group", pass_group_names[f->group]),
                 LOG_STR("other", forward_other(f)));
}

/* A question ended. why: what went wrong; NULL: it was answered. *ret is the refusal then. */
static void leave(struct forward *f, const struct job *j, const struct err *why,
                  struct http_reply *ret)
{
    pthread_mutex_lock(&f->lock);
    bool before = circuit_is_open(&f->circuit);
    f->running--;
    if (why) {
        circuit_failed(&f->circuit, j->leave, why, clock_mono_ns(), clock_wall_ns());
        *ret = refusal_of_circuit(j);
    } else {
        circuit_answered(&f->circuit);
    }
    bool failing = circuit_is_open(&f->circuit);
    pthread_mutex_unlock(&f->lock);
    if (failing != before)
        log_change(f, failing, why);
}

static enum forward_outcome outcome_of_failure(int result)
{
    return result == -ETIMEDOUT ? FORWARD_TIMEOUT
           : result == -E2BIG   ? FORWARD_TOO_LARGE
                                : FORWARD_UNREACHABLE;
}

static enum forward_outcome outcome_of_answer(enum question_answer answer)
{
    static const enum forward_outcome outcomes[] = {[QUESTION_VALUES] = FORWARD_VALUES,
                                                    [QUESTION_UNKNOWN] = FORWARD_UNKNOWN,
                                                    [QUESTION_STATUS] = FORWARD_STATUS,
                                                    [QUESTION_DENIED] = FORWARD_DENIED,
                                                    [QUESTION_INVALID] = FORWARD_INVALID};

    return outcomes[answer];
}

/* The answer as it is; only when the metric may be ours, and there it is unknown, that. */
static struct http_reply pass_on(const struct job *j, enum forward_outcome outcome, int status,
                                 const struct buf *body)
{
    if (outcome == FORWARD_UNKNOWN && j->unknown)
        return status_reply(503, j->unknown);
    char *copy = malloc(body->len + 1);
    if (!copy)
        return status_reply(500, "out of memory");
    memcpy(copy, body->data, body->len + 1);
    return http_reply_take(status, "application/json", copy, body->len);
}

static void unlink_asked(struct job *j)
{
    struct job **at = &j->forward->asked;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *report)
{
    struct job *j = arg;
    struct forward *f = j->forward;
    enum forward_outcome outcome;
    struct http_reply answer;
    struct err why = {0};

    if (result == 0) {
        outcome = outcome_of_answer(question_judge(&j->question, status, body, &why));
    } else {
        outcome = outcome_of_failure(result);
        (void)source_explain_http(endpoint_timeout_ns(f->to.other), QUESTION_ANSWER_MAX, result,
                                  report, &why);
    }
    metric_add(f->counts.outcomes[outcome], 1);
    metric_observe(f->counts.duration,
                   (double)(clock_mono_ns() - j->started_ns) / (double)NS_PER_S);
    bool is_answered = outcome <= FORWARD_STATUS;
    leave(f, j, is_answered ? NULL : &why, &answer);
    if (is_answered)
        answer = pass_on(j, outcome, status, body);
    unlink_asked(j);
    reply(j, answer);
}

/* ---- in the thread ---- */

static void ask(struct forward *f, struct job *j)
{
    scoped(source_request_done) struct source_request request = {0};
    struct http_reply answer;
    struct err why = {0};

    j->started_ns = clock_mono_ns();
    j->next = f->asked;
    f->asked = j;
    int r = question_request(&j->question, f->to.other, &request, &why);
    if (r == 0 && fetcher_start(f->fetcher, &request.call, QUESTION_ANSWER_MAX, on_answer, j) > 0)
        return;
    if (r == 0)
        (void)err_set(&why, -EINVAL, "cannot be asked: its bearer token fits no header");
    metric_add(f->counts.outcomes[FORWARD_UNREACHABLE], 1);
    leave(f, j, &why, &answer);
    unlink_asked(j);
    reply(j, answer);
}

void forward_ask_waiting(struct forward *f)
{
    struct job *next;

    pthread_mutex_lock(&f->lock);
    struct job *first = f->first;
    f->first = NULL;
    f->last = &f->first;
    pthread_mutex_unlock(&f->lock);
    for (struct job *j = first; j; j = next) {
        next = j->next;
        ask(f, j);
    }
}

void forward_answer_all(struct job *first)
{
    struct job *next;

    for (struct job *j = first; j; j = next) {
        next = j->next;
        reply(j, status_reply(503, "nobody else is asked any more for metrics that are not "
                                   "configured here"));
    }
}
