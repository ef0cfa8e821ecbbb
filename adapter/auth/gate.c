// SPDX-License-Identifier: MIT
#include "adapter/auth/gate.h"

#include "adapter/auth/authenticate.h"
#include "adapter/auth/reviews.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct gate {
    const char *open_paths;
    struct peers *peers;
    struct reviews *reviews;
    pthread_mutex_t lock; /* guards trust */
    struct trust *trust;
};

void gate_help(FILE *out)
{
    reviews_help(out);
}

struct gate *gate_new(const struct gate_config *config)
{
    struct gate *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    pthread_mutex_init(&g->lock, NULL);
    g->open_paths = config->open_paths;
    g->peers = peers_new();
    g->reviews = reviews_new(&config->reviews);
    if (!g->peers || !g->reviews) {
        gate_free(g);
        return NULL;
    }
    return g;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    reviews_free(g->reviews);
    trust_unref(g->trust);
    peers_free(g->peers);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

void gate_set_trust(struct gate *g, struct trust *t)
{
    pthread_mutex_lock(&g->lock);
    struct trust *before = g->trust;
    g->trust = t;
    pthread_mutex_unlock(&g->lock);
    trust_unref(before);
}

static struct trust *current_trust(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    struct trust *t = g->trust ? trust_ref(g->trust) : NULL;
    pthread_mutex_unlock(&g->lock);
    return t;
}

static bool is_open(const struct gate *g, const char *path)
{
    static const char *const always[] = {"/healthz", "/livez", "/readyz"};
    const char *more = g->open_paths;
    size_t len = strlen(path);

    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (strcmp(always[i], path) == 0)
            return true;
    while (more && *more) {
        size_t its_len = strcspn(more, ",");
        if (its_len == len && memcmp(more, path, len) == 0)
            return true;
        more += its_len + (more[its_len] == ',');
    }
    return false;
}

static bool admit_as(struct gate *g, const struct http_request *r, struct identity *who,
                     struct http_reply *ret)
{
    struct trust *t = current_trust(g);
    const char *token = NULL;
    struct err why = {0};
    enum authentication a =
        authenticate(g->peers, t, r, (int64_t)(clock_wall_ns() / NS_PER_S), who, &token, &why);

    trust_unref(t);
    switch (a) {
    case AUTH_KNOWN:
        return reviews_admit(g->reviews, r, who, ret);
    case AUTH_TOKEN:
        return reviews_admit_token(g->reviews, r, token, ret);
    case AUTH_REFUSED:
        log_debug("credentials refused", LOG_STR("cause", why.text));
        *ret = status_reply(401, "Unauthorized");
        return false;
    case AUTH_FAILED:
        break;
    }
    *ret = status_reply(431, "too many groups");
    return false;
}

bool gate_admit(void *arg, const struct http_request *r, struct http_reply *ret)
{
    struct gate *g = arg;
    struct identity who = {0};

    if (r->ticket)
        return reviews_admit_again(r, ret);
    if (is_open(g, r->path))
        return true;
    if (wants_impersonation(r)) {
        *ret = status_reply(403, "impersonation is granted by the API server only");
        return false;
    }
    bool in = admit_as(g, r, &who, ret);
    identity_done(&who);
    return in;
}

void gate_run(struct gate *g)
{
    reviews_run(g->reviews);
}
