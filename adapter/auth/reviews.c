// SPDX-License-Identifier: MIT
#include "adapter/auth/reviews.h"

#include "adapter/auth/attributes.h"
#include "adapter/auth/decisions.h"
#include "adapter/auth/review.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DECISIONS_MAX 8192
#define DECISION_LIFETIME_NS (10 * NS_PER_S)
#define KEY_CACHED_MAX_BYTES 10000 /* longer ones would let a caller fill our memory */
#define KEY_MAX_BYTES (256 * KIB)  /* more than any server's header limit lets through */
#define TOKEN_TRIES 5
#define ACCESS_TRIES 3

/* One decision that is being made, and who waits for it. */
struct job {
    struct reviews *reviews;
    struct job *next;
    struct decision_key key; /* of the token with the attributes, or of who with what */
    char *token;             /* NULL: it is known who it is */
    struct identity who;
    struct attributes what;
    char *path; /* what.path points here */
    bool cached, sent;
    struct http_pending **waiting;
    size_t waiting_count;
};

struct reviews {
    struct reviews_config config;
    struct decisions *tokens, *accesses;
    struct metric *counts[2][3]; /* [kind][outcome] */
    pthread_mutex_t lock;        /* guards jobs */
    struct job *jobs;
};

/* What a decision means for a request. */
struct verdict {
    int status;        /* 200: let in */
    char message[900]; /* for the others */
};

enum review_kind { REVIEW_TOKEN, REVIEW_ACCESS };
enum review_outcome { REVIEW_YES, REVIEW_NO, REVIEW_FAILED };

static const struct metric_desc reviews_total = {
    "swell_adapter_reviews_total",
    METRIC_COUNTER,
    "Questions to the API server, by what was asked (token, access) and its answer (yes, no, "
    "failed: none came).",
    {"review", "answer"}};

void reviews_help(FILE *out)
{
    const struct metric_desc *const descs[] = {&reviews_total};

    metrics_help(descs, ARRAY_LEN(descs), out);
}

static void count_from_zero(struct reviews *s)
{
    static const char *const kinds[] = {"token", "access"};
    static const char *const outcomes[] = {"yes", "no", "failed"};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        for (size_t o = 0; o < ARRAY_LEN(outcomes); o++)
            s->counts[k][o] =
                metrics_series(s->config.metrics, &reviews_total, kinds[k], outcomes[o]);
}

struct reviews *reviews_new(const struct reviews_config *config)
{
    struct reviews *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->config = *config;
    s->tokens = decisions_new(DECISIONS_MAX, DECISION_LIFETIME_NS);
    s->accesses = decisions_new(DECISIONS_MAX, DECISION_LIFETIME_NS);
    if (!s->tokens || !s->accesses) {
        reviews_free(s);
        return NULL;
    }
    count_from_zero(s);
    return s;
}

static void job_free(struct job *j)
{
    if (j->token)
        explicit_bzero(j->token, strlen(j->token));
    identity_done(&j->who);
    free(j->token);
    free(j->path);
    free(j->waiting);
    free(j);
}

void reviews_free(struct reviews *s)
{
    if (!s)
        return;
    while (s->jobs) {
        struct job *j = s->jobs;
        s->jobs = j->next;
        for (size_t i = 0; i < j->waiting_count; i++)
            http_pending_reply(j->waiting[i], status_reply(503, "the server is stopping"));
        job_free(j);
    }
    decisions_free(s->tokens);
    decisions_free(s->accesses);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- verdicts ---- */

static void refuse(struct verdict *v, int status, const char *message)
{
    v->status = status;
    (void)snprintf(v->message, sizeof(v->message), "%s", message);
}

static void decide_access(bool allowed, const struct identity *who, const struct attributes *what,
                          struct verdict *ret)
{
    ret->status = allowed ? 200 : 403;
    if (!allowed)
        (void)attributes_forbidden(what, who->user, ret->message, sizeof(ret->message));
}

static bool apply(const struct verdict *v, struct http_reply *ret)
{
    if (v->status == 200)
        return true;
    *ret = status_reply(v->status, v->message);
    return false;
}

/* ---- a request that has to wait ---- */

static struct job *find_job(struct reviews *s, const struct decision_key *key)
{
    struct job *j = s->jobs;

    while (j && memcmp(&j->key, key, sizeof(*key)) != 0)
        j = j->next;
    return j;
}

static int add_waiting(struct job *j, struct http_pending *p)
{
    struct http_pending **more =
        reallocarray(j->waiting, j->waiting_count + 1, sizeof(struct http_pending *));

    if (!more)
        return -ENOMEM;
    j->waiting = more;
    more[j->waiting_count++] = p;
    return 0;
}

/* Takes *who. */
static struct job *job_new(struct reviews *s, const struct decision_key *key, const char *token,
                           struct identity *who, const struct attributes *what, bool cached)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    *j = (struct job){.reviews = s, .key = *key, .who = *who, .what = *what, .cached = cached};
    *who = (struct identity){0};
    j->path = strdup(what->path);
    j->what.path = j->path;
    j->token = token ? strdup(token) : NULL;
    if (!j->path || (token && !j->token)) {
        job_free(j);
        return NULL;
    }
    return j;
}

/* The pending reply is made last, when nothing can fail any more. */
static struct http_reply wait_for(struct reviews *s, const struct http_request *r,
                                  const struct decision_key *key, const char *token,
                                  struct identity *who, const struct attributes *what, bool cached)
{
    bool is_new = false;

    pthread_mutex_lock(&s->lock);
    struct job *j = find_job(s, key);
    if (!j) {
        j = job_new(s, key, token, who, what, cached);
        is_new = true;
    }
    int result = j ? add_waiting(j, NULL) : -ENOMEM;
    struct http_pending *p = result == 0 ? http_defer(r) : NULL;
    if (p) {
        j->waiting[j->waiting_count - 1] = p;
        if (is_new) {
            j->next = s->jobs;
            s->jobs = j;
        }
    } else if (j && is_new) {
        job_free(j);
    } else if (result == 0) {
        j->waiting_count--;
    }
    pthread_mutex_unlock(&s->lock);
    if (!p)
        return status_reply(500, "out of memory");
    if (is_new)
        fetcher_wake(s->config.fetcher);
    return http_reply_later();
}

/* ---- the decision ---- */

/* Only what cannot be confused: who and what stand behind each other with their NULs. */
static int key_of(const struct identity *who, const char *token, const struct attributes *what,
                  struct decision_key *ret, bool *ret_cached)
{
    scoped(buf_done) struct buf text = {.max = KEY_MAX_BYTES};
    int r = buf_append(&text, token ? "t" : "i", 1);

    if (r == 0)
        r = token ? buf_append(&text, token, strlen(token) + 1) : identity_write_key(who, &text);
    if (r == 0)
        r = attributes_write_key(what, &text);
    if (r == 0) {
        *ret = decision_key_of(text.data, text.len);
        *ret_cached = text.len <= KEY_CACHED_MAX_BYTES;
        if (token)
            explicit_bzero(text.data, text.len);
    }
    return r;
}

bool reviews_admit(struct reviews *s, const struct http_request *r, struct identity *who,
                   struct http_reply *ret)
{
    struct attributes what;
    struct decision_key key;
    struct verdict verdict = {0};
    bool cached = false, allowed = identity_has_group(who, GROUP_MASTERS);

    if (allowed)
        return true;
    attributes_of(r, &what);
    if (key_of(who, NULL, &what, &key, &cached) < 0) {
        *ret = status_reply(500, "out of memory");
        return false;
    }
    if (decisions_find(s->accesses, &key, clock_mono_ns(), &allowed, NULL)) {
        decide_access(allowed, who, &what, &verdict);
        return apply(&verdict, ret);
    }
    *ret = wait_for(s, r, &key, NULL, who, &what, cached);
    return false;
}

/* A token's identity is remembered as the JSON text of the review's user. */
static int read_cached_user(const char *text, struct identity *ret)
{
    json_auto_t *user = json_loads(text, 0, NULL);

    return identity_from_review(user, ret);
}

bool reviews_admit_token(struct reviews *s, const struct http_request *r, const char *token,
                         struct http_reply *ret)
{
    scoped(free_at) char *user = NULL;
    scoped(identity_done) struct identity who = {0};
    struct decision_key token_key = decision_key_of(token, strlen(token)), key;
    struct attributes what;
    bool known, cached = false;

    if (decisions_find(s->tokens, &token_key, clock_mono_ns(), &known, &user)) {
        if (known && user && read_cached_user(user, &who) == 0)
            return reviews_admit(s, r, &who, ret);
        *ret = status_reply(401, "Unauthorized");
        return false;
    }
    attributes_of(r, &what);
    if (key_of(NULL, token, &what, &key, &cached) < 0)
        *ret = status_reply(500, "out of memory");
    else
        *ret = wait_for(s, r, &key, token, &who, &what, cached);
    return false;
}

bool reviews_admit_again(const struct http_request *r, struct http_reply *ret)
{
    return apply(r->ticket, ret);
}

/* ---- the I/O thread ---- */

static void unlink_job(struct job *j)
{
    struct reviews *s = j->reviews;

    pthread_mutex_lock(&s->lock);
    struct job **at = &s->jobs;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    pthread_mutex_unlock(&s->lock);
}

/* Everybody who waits gets the verdict. */
static void conclude(struct job *j, const struct verdict *v)
{
    unlink_job(j); /* nobody joins from here on */
    for (size_t i = 0; i < j->waiting_count; i++) {
        struct verdict *ticket = malloc(sizeof(*ticket));
        if (ticket) {
            *ticket = *v;
            http_pending_retry(j->waiting[i], ticket);
        } else {
            http_pending_reply(j->waiting[i], status_reply(500, "out of memory"));
        }
    }
    job_free(j);
}

static void conclude_failed(struct job *j, enum review_kind kind, int status, const char *message,
                            const struct err *why)
{
    struct verdict v;

    metric_add(j->reviews->counts[kind][REVIEW_FAILED], 1);
    log_warn("no review", LOG_STR("review", kind == REVIEW_TOKEN ? "token" : "access"),
             LOG_STR("cause", why->text));
    refuse(&v, status, message);
    conclude(j, &v);
}

static void on_access(void *arg, int result, int status, const json_t *object,
                      const struct err *err)
{
    struct job *j = arg;
    struct err why = *err;
    struct verdict v = {0};
    struct decision_key key;
    bool allowed = false, cached = false;

    (void)status;
    if (result == 0 && review_access_read(object, &allowed) < 0)
        result = err_set(&why, -EBADMSG, "the answer is no SubjectAccessReview");
    if (result < 0) {
        conclude_failed(j, REVIEW_ACCESS, 500,
                        "Internal error occurred: the API server does not say who may read this",
                        &why);
        return;
    }
    metric_add(j->reviews->counts[REVIEW_ACCESS][allowed ? REVIEW_YES : REVIEW_NO], 1);
    if (key_of(&j->who, NULL, &j->what, &key, &cached) == 0 && cached)
        decisions_put(j->reviews->accesses, &key, allowed, NULL, clock_mono_ns());
    decide_access(allowed, &j->who, &j->what, &v);
    conclude(j, &v);
}

static int send(struct kube *k, const char *path, const json_t *body, unsigned tries,
                kube_done_fn *done, struct job *j)
{
    const struct kube_request r = {.method = "POST", .path = path, .body = body, .tries = tries};

    return body && kube_send(k, &r, done, j) > 0 ? 0 : -ENOMEM;
}

/* Who it is, is known. */
static void review_access(struct job *j)
{
    const struct err why = {"no question can be made of it: out of memory, or not UTF-8"};
    struct verdict v = {.status = 200};

    if (identity_has_group(&j->who, GROUP_MASTERS)) {
        conclude(j, &v);
        return;
    }
    json_auto_t *body = review_access_new(&j->who, &j->what);
    if (send(j->reviews->config.access_reviews, REVIEW_ACCESS_PATH, body, ACCESS_TRIES, on_access,
             j) < 0)
        conclude_failed(j, REVIEW_ACCESS, 500, "Internal error occurred", &why);
}

static void remember_token(struct job *j, bool known, const json_t *review)
{
    struct decision_key key = decision_key_of(j->token, strlen(j->token));
    const json_t *user = json_object_get(json_object_get(review, "status"), "user");
    scoped(free_at) char *text = known ? json_dumps(user, JSON_COMPACT) : NULL;

    if (j->cached && (!known || text))
        decisions_put(j->reviews->tokens, &key, known, text, clock_mono_ns());
}

static void on_token(void *arg, int result, int status, const json_t *object, const struct err *err)
{
    struct job *j = arg;
    struct err why = *err;
    struct verdict v;

    (void)status;
    if (result == 0) {
        result = review_token_read(object, &j->who);
        if (result == -EACCES || result == 0) {
            metric_add(j->reviews->counts[REVIEW_TOKEN][result == 0 ? REVIEW_YES : REVIEW_NO], 1);
            remember_token(j, result == 0, object);
        }
        if (result == -EACCES) {
            refuse(&v, 401, "Unauthorized");
            conclude(j, &v);
            return;
        }
        if (result < 0)
            (void)err_set(&why, result, "the answer is no TokenReview that can be used");
    }
    if (result < 0)
        conclude_failed(j, REVIEW_TOKEN, 401, "Unauthorized", &why);
    else
        review_access(j);
}

static void review_token(struct job *j)
{
    const struct err why = {"no question can be made of it: out of memory, or not UTF-8"};
    json_auto_t *body = review_token_new(j->token);

    if (send(j->reviews->config.token_reviews, REVIEW_TOKEN_PATH, body, TOKEN_TRIES, on_token, j) <
        0)
        conclude_failed(j, REVIEW_TOKEN, 401, "Unauthorized", &why);
}

static struct job *next_unsent(struct reviews *s)
{
    pthread_mutex_lock(&s->lock);
    struct job *j = s->jobs;
    while (j && j->sent)
        j = j->next;
    if (j)
        j->sent = true;
    pthread_mutex_unlock(&s->lock);
    return j;
}

void reviews_run(struct reviews *s)
{
    struct job *j;

    while ((j = next_unsent(s))) {
        if (j->token)
            review_token(j);
        else
            review_access(j);
    }
}
