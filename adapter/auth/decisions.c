// SPDX-License-Identifier: MIT
#include "adapter/auth/decisions.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* In a bucket's list and in the list of all, newest use first. */
struct decision {
    struct decision *in_bucket, *newer, *older;
    struct decision_key key;
    uint64_t made_ns;
    bool allowed;
    char *text;
};

struct decisions {
    pthread_mutex_t lock; /* guards all */
    struct decision **buckets;
    struct decision *newest, *oldest;
    size_t count, max;
    uint64_t lifetime_ns;
};

struct decision_key decision_key_of(const void *data, size_t len)
{
    struct decision_key key = {{0}};

    (void)gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, key.bytes);
    return key;
}

struct decisions *decisions_new(size_t max, uint64_t lifetime_ns)
{
    struct decisions *d = calloc(1, sizeof(*d));

    if (d)
        d->buckets = calloc(max, sizeof(struct decision *));
    if (!d || !d->buckets) {
        free(d);
        return NULL;
    }
    pthread_mutex_init(&d->lock, NULL);
    d->max = max;
    d->lifetime_ns = lifetime_ns;
    return d;
}

/* The hash is not for an attacker to choose: its first bytes spread well. */
static struct decision **bucket_of(struct decisions *d, const struct decision_key *key)
{
    uint64_t start;

    memcpy(&start, key->bytes, sizeof(start));
    return &d->buckets[start % d->max];
}

static void unlink_use(struct decisions *d, struct decision *one)
{
    if (one->newer)
        one->newer->older = one->older;
    else
        d->newest = one->older;
    if (one->older)
        one->older->newer = one->newer;
    else
        d->oldest = one->newer;
}

static void link_newest(struct decisions *d, struct decision *one)
{
    one->newer = NULL;
    one->older = d->newest;
    if (d->newest)
        d->newest->newer = one;
    else
        d->oldest = one;
    d->newest = one;
}

static void drop(struct decisions *d, struct decision *one)
{
    struct decision **at = bucket_of(d, &one->key);

    while (*at != one)
        at = &(*at)->in_bucket;
    *at = one->in_bucket;
    unlink_use(d, one);
    d->count--;
    free(one->text);
    free(one);
}

void decisions_free(struct decisions *d)
{
    if (!d)
        return;
    while (d->newest)
        drop(d, d->newest);
    pthread_mutex_destroy(&d->lock);
    free(d->buckets);
    free(d);
}

static struct decision *find(struct decisions *d, const struct decision_key *key)
{
    struct decision *one = *bucket_of(d, key);

    while (one && memcmp(&one->key, key, sizeof(*key)) != 0)
        one = one->in_bucket;
    return one;
}

static void insert(struct decisions *d, struct decision *one) /* takes one */
{
    struct decision *before = find(d, &one->key);
    struct decision **bucket = bucket_of(d, &one->key);

    if (before)
        drop(d, before);
    else if (d->count == d->max)
        drop(d, d->oldest);
    one->in_bucket = *bucket;
    *bucket = one;
    link_newest(d, one);
    d->count++;
}

void decisions_put(struct decisions *d, const struct decision_key *key, bool allowed,
                   const char *text, uint64_t now_ns)
{
    struct decision *one = malloc(sizeof(*one));

    if (!one)
        return;
    *one = (struct decision){.key = *key, .made_ns = now_ns, .allowed = allowed};
    one->text = text ? strdup(text) : NULL;
    if (text && !one->text) {
        free(one);
        return;
    }
    pthread_mutex_lock(&d->lock);
    insert(d, one);
    pthread_mutex_unlock(&d->lock);
}

bool decisions_find(struct decisions *d, const struct decision_key *key, uint64_t now_ns,
                    bool *ret_allowed, char **ret_text)
{
    pthread_mutex_lock(&d->lock);
    struct decision *one = find(d, key);
    if (one && now_ns - one->made_ns >= d->lifetime_ns) {
        drop(d, one);
        one = NULL;
    }
    if (one) {
        unlink_use(d, one);
        link_newest(d, one);
        *ret_allowed = one->allowed;
        if (ret_text)
            *ret_text = one->text ? strdup(one->text) : NULL;
    }
    pthread_mutex_unlock(&d->lock);
    return one;
}
