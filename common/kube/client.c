// SPDX-License-Identifier: MIT
#include "kube/client.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/client_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_TIMEOUT_NS (10 * NS_PER_S)
#define FIRST_WAIT_NS (500 * NS_PER_MS)
#define WAIT_MAX_NS (30 * NS_PER_S)
#define TOKEN_AGE_MAX_NS (60 * NS_PER_S)
#define TOKEN_MAX_BYTES (64 * KIB)
#define ANSWER_MAX_BYTES (16 * MIB)
#define IDLE_NS (60 * NS_PER_S)

struct kube_operation {
    struct kube *kube;
    struct kube_operation *next;
    int64_t id, transfer; /* transfer 0: none under way */
    const char *method, *content_type, *accept;
    char *path, *body;
    uint64_t timeout_ns, due_ns, wait_ns;
    unsigned tries_left;
    kube_done_fn *done;
    void *arg;
};

struct kube *kube_new(struct fetcher *f, const struct kube_access *access)
{
    struct kube *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->fetcher = f;
    k->access = access;
    k->random = clock_wall_ns() | 1;
    return k;
}

static void forget_token(struct kube *k)
{
    if (k->token)
        explicit_bzero(k->token, strlen(k->token));
    free(k->token);
    k->token = NULL;
    k->token_read_ns = 0;
}

static void operation_free(struct kube_operation *o)
{
    if (o->transfer)
        fetcher_cancel(o->kube->fetcher, o->transfer);
    if (o->body)
        explicit_bzero(o->body, strlen(o->body)); /* Secrets and tokens go this way */
    free(o->body);
    free(o->path);
    free(o);
}

void kube_free(struct kube *k)
{
    if (!k)
        return;
    kube_free_watches(k);
    while (k->operations) {
        struct kube_operation *o = k->operations;
        k->operations = o->next;
        operation_free(o);
    }
    forget_token(k);
    free(k);
}

/* xorshift64: spreads retries, guards nothing. */
uint64_t kube_jitter(struct kube *k, uint64_t ns)
{
    k->random ^= k->random << 13;
    k->random ^= k->random >> 7;
    k->random ^= k->random << 17;
    return ns - k->random % (ns / 10 + 1);
}

/* ---- credentials ---- */

/* A file that cannot be read leaves the token that we have: it may still be good. */
static int refresh_token(struct kube *k, struct err *err)
{
    scoped(buf_done) struct buf text = {.max = TOKEN_MAX_BYTES};
    uint64_t now_ns = clock_mono_ns();

    if (!k->access->token_file || (k->token && now_ns - k->token_read_ns < TOKEN_AGE_MAX_NS))
        return 0;
    int r = buf_read_file(&text, k->access->token_file, err);
    if (r < 0)
        return k->token ? 0 : r;

    size_t len = text.len;
    while (len && strchr(" \t\r\n", text.data[len - 1]))
        len--;
    char *token = strndup(text.data ? text.data : "", len);
    if (!token)
        return -ENOMEM;
    explicit_bzero(text.data, text.len);
    forget_token(k);
    k->token = token;
    k->token_read_ns = now_ns;
    return 0;
}

int kube_call_init(struct kube *k, const char *path, struct http_call *ret, char **ret_url,
                   struct err *err)
{
    const struct kube_access *a = k->access;
    int r = refresh_token(k, err);

    if (r < 0)
        return r;
    if (asprintf(ret_url, "%s%s", a->server, path) < 0) {
        *ret_url = NULL;
        return err_set(err, -ENOMEM, "out of memory");
    }
    *ret = (struct http_call){
        .url = *ret_url,
        .headers = {"Accept: application/json", "User-Agent: swell"},
        .ca_file = a->ca_file,
        .cert_file = a->cert_file,
        .key_file = a->key_file,
        .insecure_skip_verify = a->insecure_skip_verify,
        .bearer = a->token_file ? k->token : a->token,
    };
    return 0;
}

/* ---- answers ---- */

static int status_errno(int status)
{
    switch (status) {
    case 400:
    case 422:
        return -EINVAL;
    case 401:
    case 403:
        return -EACCES;
    case 404:
        return -ENOENT;
    case 409:
        return -EEXIST;
    case 410:
        return -ESTALE;
    case 429:
        return -EAGAIN;
    default:
        return status >= 500 ? -EIO : -EBADMSG;
    }
}

int kube_explain(int status, const struct buf *body, struct err *err)
{
    json_auto_t *object = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const char *message = json_string_value(json_object_get(object, "message"));
    const char *text = message ? message : body->data ? body->data : "";

    return err_set(err, status_errno(status), "the API server answers %d: %.*s", status,
                   (int)strcspn(text, "\r\n"), text);
}

/* May the same request succeed a little later? */
static bool may_pass(int result, int status)
{
    switch (status) {
    case 0:
        return result != -EINVAL && result != -E2BIG && result != -ENOMEM;
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        return true;
    default:
        return false;
    }
}

/* ---- operations ---- */

static void unlink_operation(struct kube_operation *o)
{
    struct kube_operation **at = &o->kube->operations;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
}

/* Calls back and frees. */
static void conclude(struct kube_operation *o, int result, int status, const json_t *object,
                     const struct err *err)
{
    unlink_operation(o);
    o->transfer = 0;
    o->done(o->arg, result, status, object, err);
    operation_free(o);
}

static void try_again(struct kube_operation *o)
{
    o->tries_left--;
    o->transfer = 0;
    o->due_ns = clock_mono_ns() + kube_jitter(o->kube, o->wait_ns);
    o->wait_ns = o->wait_ns * 3 / 2 < WAIT_MAX_NS ? o->wait_ns * 3 / 2 : WAIT_MAX_NS;
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    struct kube_operation *o = arg;
    json_auto_t *object = NULL;
    struct err why = *err;

    if (result < 0)
        status = 0;
    bool renewable = status == 401 && o->kube->access->token_file;
    if (renewable)
        forget_token(o->kube);
    if (o->tries_left && (renewable || may_pass(result, status))) {
        try_again(o);
        return;
    }
    if (result == 0 && status / 100 != 2) {
        result = kube_explain(status, body, &why);
    } else if (result == 0) {
        object = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
        if (!object)
            result = err_set(&why, -EBADMSG, "the API server's answer is not JSON");
    }
    conclude(o, result, status, object, &why);
}

/* What cannot even be sent concludes too, but never from inside kube_send. */
static void start(struct kube_operation *o)
{
    scoped(free_at) char *url = NULL;
    char type[64];
    struct http_call call;
    struct err err = {0};
    int64_t r = kube_call_init(o->kube, o->path, &call, &url, &err);

    if (r == 0) {
        call.method = o->method;
        if (o->accept)
            call.headers[0] = o->accept;
        call.timeout_ns = o->timeout_ns;
        call.body = o->body;
        call.body_len = o->body ? strlen(o->body) : 0;
        (void)snprintf(type, sizeof(type), "Content-Type: %s", o->content_type);
        call.headers[2] = o->body ? type : NULL;
        r = fetcher_start(o->kube->fetcher, &call, ANSWER_MAX_BYTES, on_answer, o);
        if (r < 0)
            (void)err_set(&err, (int)r, "the request cannot be made");
    }
    if (r > 0)
        o->transfer = r;
    else if (o->tries_left && r != -EINVAL)
        try_again(o);
    else
        conclude(o, (int)r, 0, NULL, &err);
}

/* Again from the front after each start: a callback may have changed the list. */
static struct kube_operation *find_due(struct kube *k, uint64_t now_ns)
{
    for (struct kube_operation *o = k->operations; o; o = o->next)
        if (!o->transfer && o->due_ns <= now_ns)
            return o;
    return NULL;
}

uint64_t kube_run(struct kube *k)
{
    uint64_t now_ns = clock_mono_ns(), wait_ns = IDLE_NS;
    struct kube_operation *due;

    uint64_t watches_ns = kube_run_watches(k, now_ns);
    while ((due = find_due(k, now_ns)))
        start(due);
    for (struct kube_operation *o = k->operations; o; o = o->next)
        if (!o->transfer && o->due_ns - now_ns < wait_ns)
            wait_ns = o->due_ns > now_ns ? o->due_ns - now_ns : 0;
    return wait_ns < watches_ns ? wait_ns : watches_ns;
}

int64_t kube_send(struct kube *k, const struct kube_request *r, kube_done_fn *done, void *arg)
{
    struct kube_operation *o = calloc(1, sizeof(*o));

    if (!o)
        return -ENOMEM;
    *o = (struct kube_operation){
        .kube = k,
        .method = r->method ? r->method : "GET",
        .content_type = r->content_type ? r->content_type : "application/json",
        .accept = r->accept,
        .path = strdup(r->path),
        .body = r->body ? json_dumps(r->body, JSON_COMPACT) : NULL,
        .timeout_ns = r->timeout_ns ? r->timeout_ns : TRY_TIMEOUT_NS,
        .wait_ns = FIRST_WAIT_NS,
        .tries_left = r->tries ? r->tries - 1 : 0,
        .done = done,
        .arg = arg,
    };
    if (!o->path || (r->body && !o->body)) {
        operation_free(o);
        return -ENOMEM;
    }
    o->id = ++k->last_id;
    o->next = k->operations;
    k->operations = o;
    return o->id;
}

void kube_cancel(struct kube *k, int64_t id)
{
    struct kube_operation *o = k->operations;

    while (o && o->id != id)
        o = o->next;
    if (!o)
        return;
    unlink_operation(o);
    operation_free(o);
}
