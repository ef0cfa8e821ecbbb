// SPDX-License-Identifier: MIT
#include "workload/pool.h"

#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct pool_thread {
    struct pool *pool;
    pthread_t id;
    void *own;
};

struct pool {
    struct pool_config config;
    struct pool_thread *threads;
    unsigned thread_count;

    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t change; /* a task came, cancelled, or closing */
    bool cancelled, closing;
    void **line; /* a ring of waiting_max entries and one for each idle thread */
    size_t size, first, waiting;
    unsigned busy;
};

/* Waits for a task and takes it. False when there will be none. */
static bool take(struct pool *p, void **ret) /* p->lock is held */
{
    while (!p->waiting && !p->closing)
        pthread_cond_wait(&p->change, &p->lock);
    if (!p->waiting)
        return false;

    *ret = p->line[p->first];
    p->first = (p->first + 1) % p->size;
    p->waiting--;
    return true;
}

static void *thread_main(void *arg)
{
    const struct pool_thread *t = arg;
    struct pool *p = t->pool;
    const struct pool_config *c = &p->config;
    void *task;

    pthread_mutex_lock(&p->lock);
    while (take(p, &task)) {
        bool cancelled = p->cancelled;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        if (cancelled)
            c->cancel(c->app, task);
        else
            c->run(t->own, task);
        pthread_mutex_lock(&p->lock);
        p->busy--;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static int start_thread(struct pool *p, struct pool_thread *t, struct err *err)
{
    t->pool = p;
    t->own = p->config.own(p->config.app);
    if (!t->own)
        return err_set(err, -ENOMEM, "out of memory");
    int r = pthread_create(&t->id, NULL, thread_main, t);
    if (r == 0)
        return 0;
    p->config.disown(t->own);
    return err_errno(err, r, "cannot start thread %u of %u", p->thread_count + 1,
                     p->config.threads);
}

static int start_threads(struct pool *p, struct err *err)
{
    int r = 0;

    while (p->thread_count < p->config.threads && r == 0) {
        r = start_thread(p, &p->threads[p->thread_count], err);
        p->thread_count += r == 0;
    }
    return r;
}

int pool_new(struct pool **ret, const struct pool_config *config, struct err *err)
{
    struct pool *p = calloc(1, sizeof(*p));

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    p->config = *config;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->change, NULL);
    p->size = config->waiting_max + config->threads;
    p->line = calloc(p->size, sizeof(*p->line));
    p->threads = calloc(config->threads, sizeof(*p->threads));

    int r = p->line && p->threads ? start_threads(p, err) : err_set(err, -ENOMEM, "out of memory");
    if (r < 0) {
        pool_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

int pool_add(struct pool *p, void *task)
{
    int r = -EBUSY;

    pthread_mutex_lock(&p->lock);
    if (p->waiting + p->busy < p->size) {
        p->line[(p->first + p->waiting) % p->size] = task;
        p->waiting++;
        pthread_cond_signal(&p->change);
        r = 0;
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

size_t pool_waiting(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    size_t waiting = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return waiting;
}

void pool_cancel(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->cancelled = true;
    pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;

    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++) {
        (void)pthread_join(p->threads[i].id, NULL);
        p->config.disown(p->threads[i].own);
    }
    pthread_cond_destroy(&p->change);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p->line);
    free(p);
}
