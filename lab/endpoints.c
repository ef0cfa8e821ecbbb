// SPDX-License-Identifier: MIT
#include "lab/endpoints.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool read_address(const struct proxy_endpoint *where, struct endpoint *e)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&e->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e->address;

    if (inet_pton(AF_INET, where->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(where->port);
        e->address_len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, where->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(where->port);
        e->address_len = sizeof(*v6);
        return true;
    }
    return false;
}

static int new_endpoint(const struct proxy_endpoint *where, struct endpoint **ret, struct err *err)
{
    struct endpoint *e = calloc(1, sizeof(*e));

    if (!e)
        return err_set(err, -ENOMEM, "out of memory");
    if (!read_address(where, e)) {
        free(e);
        return err_set(err, -EINVAL, "endpoint '%s': '%s' is not a numeric IP address", where->id,
                       where->address);
    }
    e->stats.endpoint = *where;
    *ret = e;
    return 0;
}

int endpoints_change_init(struct endpoints_change *change, const struct proxy_endpoint *endpoints,
                          size_t n, struct err *err)
{
    if (n > PROXY_ENDPOINTS_MAX)
        return err_set(err, -E2BIG, "%zu endpoints, %d at most", n, PROXY_ENDPOINTS_MAX);

    change->fresh = calloc(n + 1, sizeof(struct endpoint *));
    change->ready = calloc(n + 1, sizeof(struct endpoint *));
    if (!change->fresh || !change->ready)
        return err_set(err, -ENOMEM, "out of memory");
    for (; change->n < n; change->n++) {
        int r = new_endpoint(&endpoints[change->n], &change->fresh[change->n], err);
        if (r < 0)
            return r;
    }
    return 0;
}

void endpoints_change_done(struct endpoints_change *change)
{
    for (size_t i = 0; i < change->n; i++)
        free(change->fresh[i]);
    free(change->fresh);
    free(change->ready);
}

static bool same(const struct proxy_endpoint *a, const struct proxy_endpoint *b)
{
    return a->port == b->port && strcmp(a->id, b->id) == 0 && strcmp(a->address, b->address) == 0;
}

static struct endpoint *find(const struct endpoints *es, const struct proxy_endpoint *where)
{
    struct endpoint *e = es->all;

    while (e && !same(&e->stats.endpoint, where))
        e = e->next;
    return e;
}

static struct endpoint *find_or_add(struct endpoints *es, struct endpoint **fresh)
{
    struct endpoint *e = find(es, &(*fresh)->stats.endpoint);

    if (e)
        return e;
    e = *fresh;
    *fresh = NULL;
    e->next = es->all;
    es->all = e;
    return e;
}

static void free_unused(struct endpoints *es)
{
    struct endpoint **at = &es->all;

    while (*at) {
        struct endpoint *e = *at;
        if (e->ready || e->holders > 0) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        free(e);
    }
}

void endpoints_apply(struct endpoints *es, struct endpoints_change *change)
{
    struct endpoint **before = es->ready;

    for (struct endpoint *e = es->all; e; e = e->next)
        e->ready = false;
    es->ready = change->ready;
    es->ready_count = 0;
    for (size_t i = 0; i < change->n; i++) {
        struct endpoint *e = find_or_add(es, &change->fresh[i]);
        if (e->ready)
            continue; /* named twice */
        e->ready = true;
        es->ready[es->ready_count++] = e;
    }
    es->cursor = es->ready_count > 0 ? es->cursor % es->ready_count : 0;
    change->ready = before;
    free_unused(es);
}

struct endpoint *endpoints_take(struct endpoints *es, struct endpoint_turn *turn)
{
    if (turn->tries >= es->ready_count)
        return NULL;
    if (turn->tries == 0) {
        turn->first = es->cursor;
        es->cursor = (es->cursor + 1) % es->ready_count;
    }
    struct endpoint *e = es->ready[(turn->first + turn->tries++) % es->ready_count];
    e->holders++;
    return e;
}

void endpoints_let_go(struct endpoints *es, struct endpoint *e)
{
    e->holders--;
    if (!e->ready)
        free_unused(es);
}

size_t endpoints_stats(const struct endpoints *es, struct proxy_endpoint_stats *ret, size_t max)
{
    size_t n = 0;

    for (; n < es->ready_count; n++)
        if (n < max)
            ret[n] = es->ready[n]->stats;
    for (const struct endpoint *e = es->all; e; e = e->next) {
        if (e->ready)
            continue;
        if (n < max) {
            ret[n] = e->stats;
            ret[n].draining = true;
        }
        n++;
    }
    return n;
}

void endpoints_done(struct endpoints *es)
{
    while (es->all) {
        struct endpoint *e = es->all;
        es->all = e->next;
        free(e);
    }
    free(es->ready);
    *es = (struct endpoints){0};
}
