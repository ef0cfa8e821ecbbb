// SPDX-License-Identifier: MIT
#include "lab/replay/book.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 64 /* a scenario has a dozen keys */

struct page {
    struct page *next;
    const struct response *response;
    size_t taken;
};

struct book {
    struct page *pages[BUCKETS];
};

struct book *book_new(void)
{
    return calloc(1, sizeof(struct book));
}

void book_free(struct book *b)
{
    for (size_t i = 0; b && i < BUCKETS; i++)
        for (struct page *next, *p = b->pages[i]; p; p = next) {
            next = p->next;
            free(p);
        }
    free(b);
}

static size_t bucket_of(const char *key)
{
    return hash_text(HASH_START, key) % BUCKETS;
}

static struct page *find(const struct book *b, const char *key)
{
    struct page *p = b->pages[bucket_of(key)];

    while (p && strcmp(p->response->key, key) != 0)
        p = p->next;
    return p;
}

static bool same_text(struct json_text a, struct json_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* What was read of answers that nobody will ask for again. */
static void forget(const struct response *response)
{
    for (size_t i = 0; i < response->count; i++)
        answer_forget(&response->answers[i]);
}

static int put(struct book *b, const struct response *response)
{
    struct page *p = find(b, response->key);

    if (response->same)
        response = response->same;
    if (p) {
        /* The same again stays what it was, with what was read of it. */
        if (!same_text(p->response->given, response->given)) {
            forget(p->response);
            p->response = response;
        }
        return 0;
    }
    p = malloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    struct page **bucket = &b->pages[bucket_of(response->key)];
    *p = (struct page){.next = *bucket, .response = response};
    *bucket = p;
    return 0;
}

int book_turn(struct book *b, const struct step *step)
{
    int r = 0;

    for (size_t i = 0; i < BUCKETS; i++)
        for (struct page *p = b->pages[i]; p; p = p->next)
            p->taken = 0;
    for (size_t i = 0; r == 0 && i < step->responses.count; i++)
        r = put(b, &step->responses.all[i]);
    return r;
}

struct answer *book_take(struct book *b, const char *key)
{
    struct page *p = find(b, key);

    if (!p || p->response->count == 0)
        return NULL;
    const size_t last = p->response->count - 1;
    return &p->response->answers[p->taken < last ? p->taken++ : last];
}

struct answer *book_look(const struct book *b, const char *key)
{
    const struct page *p = find(b, key);

    return p && p->response->count ? &p->response->answers[0] : NULL;
}
