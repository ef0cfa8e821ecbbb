// SPDX-License-Identifier: MIT
#include "workload/ballast.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

/* Written to at a time; in between, blocks whose time is up are given back. */
#define STRIDE_BYTES (4 * MIB)

struct block {
    char *start;
    size_t bytes, touched;
    uint64_t until_ns;
};

struct ballast {
    pthread_t thread;

    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t change; /* a block came, or closing */
    bool closing;
    struct block blocks[BALLAST_BLOCKS_MAX]; /* only the thread takes one away */
    size_t count;
};

static void touch(char *start, size_t bytes)
{
    volatile char *at = start;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (size_t i = 0; i < bytes; i += page)
        at[i] = 1;
    (void)mlock(start, bytes); /* beyond the limit it is only resident until somebody swaps */
}

/* Writes to the next piece of a block that has one. False when all is done. */
static bool touch_a_piece(struct ballast *b) /* b->lock is held */
{
    for (size_t i = 0; i < b->count; i++) {
        struct block *block = &b->blocks[i];
        size_t left = block->bytes - block->touched;
        size_t bytes = left < STRIDE_BYTES ? left : STRIDE_BYTES;
        if (!left)
            continue;

        char *start = block->start + block->touched;
        pthread_mutex_unlock(&b->lock);
        touch(start, bytes);
        pthread_mutex_lock(&b->lock);
        b->blocks[i].touched += bytes;
        return true;
    }
    return false;
}

/* Gives back what was held long enough. Returns when the next block's time is up. */
static uint64_t give_back(struct ballast *b, uint64_t now_ns) /* b->lock is held */
{
    uint64_t next_ns = UINT64_MAX;
    size_t kept = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct block *block = &b->blocks[i];
        if (block->until_ns <= now_ns) {
            (void)munmap(block->start, block->bytes);
            continue;
        }
        if (block->until_ns < next_ns)
            next_ns = block->until_ns;
        b->blocks[kept++] = *block;
    }
    b->count = kept;
    return next_ns;
}

static void wait_until(struct ballast *b, uint64_t until_ns) /* b->lock is held */
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};

    if (until_ns == UINT64_MAX)
        (void)pthread_cond_wait(&b->change, &b->lock);
    else
        (void)pthread_cond_timedwait(&b->change, &b->lock, &until);
}

static void *ballast_main(void *arg)
{
    struct ballast *b = arg;

    pthread_mutex_lock(&b->lock);
    while (!b->closing) {
        uint64_t next_ns = give_back(b, clock_mono_ns());
        if (!touch_a_piece(b))
            wait_until(b, next_ns);
    }
    (void)give_back(b, UINT64_MAX);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static void destroy(struct ballast *b)
{
    pthread_cond_destroy(&b->change);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

int ballast_new(struct ballast **ret, struct err *err)
{
    struct ballast *b = calloc(1, sizeof(*b));
    pthread_condattr_t attr;

    if (!b)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->change, &attr);
    pthread_condattr_destroy(&attr);

    int r = pthread_create(&b->thread, NULL, ballast_main, b);
    if (r != 0) {
        destroy(b);
        return err_errno(err, r, "cannot start the thread that holds memory");
    }
    *ret = b;
    return 0;
}

int ballast_add(struct ballast *b, uint64_t bytes, uint64_t duration_ns)
{
    int r = 0;

    if (bytes == 0 || duration_ns == 0)
        return 0;
    pthread_mutex_lock(&b->lock);
    char *start = MAP_FAILED;
    if (b->count == BALLAST_BLOCKS_MAX)
        r = -ENOSPC;
    else
        start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r == 0 && start == MAP_FAILED)
        r = -ENOMEM;
    if (r == 0) {
        b->blocks[b->count++] = (struct block){start, bytes, 0, clock_mono_ns() + duration_ns};
        pthread_cond_signal(&b->change);
    }
    pthread_mutex_unlock(&b->lock);
    return r;
}

uint64_t ballast_resident_bytes(struct ballast *b)
{
    uint64_t sum = 0;

    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->count; i++)
        sum += b->blocks[i].touched;
    pthread_mutex_unlock(&b->lock);
    return sum;
}

void ballast_free(struct ballast *b)
{
    if (!b)
        return;

    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_cond_signal(&b->change);
    pthread_mutex_unlock(&b->lock);
    (void)pthread_join(b->thread, NULL);
    destroy(b);
}
