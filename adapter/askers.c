// SPDX-License-Identifier: MIT
#include "adapter/askers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct askers {
    pthread_mutex_t lock; /* guards all below but threads and count */
    pthread_cond_t change;
    struct asker_job *first, **last;
    unsigned waiting; /* jobs */
    unsigned idle;    /* threads that wait for one */
    bool stopping;

    pthread_t threads[ASKERS_MAX]; /* of who submits */
    unsigned count;
};

struct askers *askers_new(void)
{
    struct askers *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->change, NULL);
    a->last = &a->first;
    return a;
}

/* The next job, or NULL when it is time to end. The lock is held. */
static struct asker_job *wait_for_job(struct askers *a)
{
    a->idle++;
    while (!a->first && !a->stopping)
        pthread_cond_wait(&a->change, &a->lock);
    a->idle--;
    struct asker_job *job = a->stopping ? NULL : a->first;
    if (job) {
        a->first = job->next;
        if (!a->first)
            a->last = &a->first;
        a->waiting--;
    }
    return job;
}

static void *run(void *arg)
{
    struct askers *a = arg;
    struct asker_job *job;

    pthread_mutex_lock(&a->lock);
    while ((job = wait_for_job(a))) {
        pthread_mutex_unlock(&a->lock);
        job->run(job);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void add(struct askers *a, struct asker_job *job)
{
    job->next = NULL;
    *a->last = job;
    a->last = &job->next;
    a->waiting++;
    pthread_cond_signal(&a->change);
}

int askers_submit(struct askers *a, struct asker_job *job)
{
    pthread_mutex_lock(&a->lock);
    bool needs_thread = a->waiting >= a->idle && a->count < ASKERS_MAX;
    pthread_mutex_unlock(&a->lock);

    if (needs_thread && pthread_create(&a->threads[a->count], NULL, run, a) == 0)
        a->count++;
    if (a->count == 0)
        return -EAGAIN;
    pthread_mutex_lock(&a->lock);
    add(a, job);
    pthread_mutex_unlock(&a->lock);
    return 0;
}

void askers_free(struct askers *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_broadcast(&a->change);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->count; i++)
        (void)pthread_join(a->threads[i], NULL);
    while (a->first) {
        struct asker_job *job = a->first;
        a->first = job->next;
        free(job);
    }
    pthread_cond_destroy(&a->change);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
