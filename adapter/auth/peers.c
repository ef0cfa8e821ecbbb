// SPDX-License-Identifier: MIT
#include "adapter/auth/peers.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define PEERS_MAX 16
#define CHAIN_MAX_BYTES (16 * KIB) /* a longer one is verified each time */
#define AGAIN_S 60                 /* the authority may end too */

struct peer {
    uint64_t generation; /* of the trust; 0: empty */
    enum trust_authority which;
    struct buf chain; /* all certificates, each behind its length */
    struct peer_names names;
    int64_t until_s; /* then it has to be verified again */
    uint64_t used;   /* when last, in requests */
};

struct peers {
    pthread_mutex_t lock; /* guards all */
    struct peer all[PEERS_MAX];
    uint64_t requests;
};

struct peers *peers_new(void)
{
    struct peers *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    for (size_t i = 0; i < PEERS_MAX; i++)
        p->all[i].chain.max = CHAIN_MAX_BYTES;
    return p;
}

void peers_free(struct peers *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PEERS_MAX; i++) {
        buf_done(&p->all[i].chain);
        peer_names_done(&p->all[i].names);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool chain_is(const struct buf *known, const struct http_bytes *chain, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = sizeof(chain[i].len) + chain[i].len;
        if (known->len - at < len ||
            memcmp(known->data + at, &chain[i].len, sizeof(chain[i].len)) != 0 ||
            memcmp(known->data + at + sizeof(chain[i].len), chain[i].data, chain[i].len) != 0)
            return false;
        at += len;
    }
    return at == known->len;
}

static int add_names(const struct peer_names *n, struct identity *ret)
{
    int r = identity_set_user(ret, n->common_name);

    for (size_t i = 0; i < n->organisation_count && r == 0; i++)
        r = identity_add_group(ret, n->organisations[i]);
    return r;
}

/* -ENOENT when it is not remembered. */
static int recall(struct peers *p, const struct trust *t, enum trust_authority which,
                  const struct http_bytes *chain, size_t count, int64_t now_s, struct identity *ret)
{
    int r = -ENOENT;

    pthread_mutex_lock(&p->lock);
    p->requests++;
    for (size_t i = 0; i < PEERS_MAX && r == -ENOENT; i++) {
        struct peer *peer = &p->all[i];
        if (peer->generation != trust_generation(t) || peer->which != which ||
            now_s > peer->until_s || !chain_is(&peer->chain, chain, count))
            continue;
        peer->used = p->requests;
        r = add_names(&peer->names, ret);
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

static struct peer *least_used(struct peers *p)
{
    struct peer *least = &p->all[0];

    for (size_t i = 1; i < PEERS_MAX; i++)
        if (p->all[i].used < least->used)
            least = &p->all[i];
    return least;
}

static int put_chain(struct buf *out, const struct http_bytes *chain, size_t count)
{
    int r = 0;

    buf_clear(out);
    for (size_t i = 0; i < count && r == 0; i++) {
        r = buf_append(out, &chain[i].len, sizeof(chain[i].len));
        if (r == 0)
            r = buf_append(out, chain[i].data, chain[i].len);
    }
    return r;
}

static void remember(struct peers *p, const struct trust *t, enum trust_authority which,
                     const struct http_bytes *chain, size_t count, int64_t now_s,
                     struct peer_names *names) /* takes *names */
{
    pthread_mutex_lock(&p->lock);
    struct peer *peer = least_used(p);
    peer_names_done(&peer->names);
    peer->generation = 0;
    if (put_chain(&peer->chain, chain, count) == 0) {
        peer->names = *names;
        peer->until_s = names->expires_s < now_s + AGAIN_S ? names->expires_s : now_s + AGAIN_S;
        *names = (struct peer_names){0};
        peer->generation = trust_generation(t);
        peer->which = which;
        peer->used = p->requests;
    }
    pthread_mutex_unlock(&p->lock);
    peer_names_done(names);
}

int peers_identify(struct peers *p, const struct trust *t, enum trust_authority which,
                   const struct http_bytes *chain, size_t count, int64_t now_s,
                   struct identity *ret, struct err *err)
{
    struct peer_names names = {0};
    int r = recall(p, t, which, chain, count, now_s, ret);

    if (r != -ENOENT)
        return r;
    r = trust_verify(t, which, chain, count, &names, err);
    if (r < 0)
        return r;
    r = add_names(&names, ret);
    remember(p, t, which, chain, count, now_s, &names);
    return r;
}
