// SPDX-License-Identifier: MIT
#include "workload/burners.h"

#include "base/err.h"
#include "workload/burn.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct burners {
    pthread_t *threads;
    unsigned thread_count;
    size_t waiting_max;
    atomic_bool cancelled;

    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t change; /* a task came, or closing */
    bool closing;
    unsigned busy;
    struct burn_task *line; /* a ring of size entries; the oldest is at first */
    size_t size, first, waiting;
};

struct running { /* what a burn asks between its pieces */
    struct burners *burners;
    const struct burn_task *task;
};

static bool task_given_up(const struct burn_task *t)
{
    return t->give_up && t->give_up(t->arg);
}

static bool must_end(void *arg)
{
    const struct running *r = arg;

    return atomic_load(&r->burners->cancelled) || task_given_up(r->task);
}

static bool burn(const struct burn_task *task, struct running *running, uint64_t *ret_used_ns)
{
    if (task->php_apache_times)
        return burn_php_apache(task->php_apache_times, must_end, running, ret_used_ns);
    *ret_used_ns = burn_cpu(task->cpu_ns, must_end, running);
    return *ret_used_ns >= task->cpu_ns;
}

static enum burn_outcome run_task(struct burners *b, const struct burn_task *task,
                                  uint64_t *ret_used_ns)
{
    struct running running = {b, task};

    if (!must_end(&running) && burn(task, &running, ret_used_ns))
        return BURN_DONE;
    return atomic_load(&b->cancelled) ? BURN_CANCELLED : BURN_GIVEN_UP;
}

/* Waits for a task and takes it. False when there will be none. */
static bool take(struct burners *b, struct burn_task *task) /* b->lock is held */
{
    while (!b->waiting && !b->closing)
        pthread_cond_wait(&b->change, &b->lock);
    if (!b->waiting)
        return false;

    *task = b->line[b->first];
    b->first = (b->first + 1) % b->size;
    b->waiting--;
    return true;
}

/* Who learns that a task is done may add another one at once, so the place is free by then. */
static void *burner_main(void *arg)
{
    struct burners *b = arg;
    struct burn_task task;

    pthread_mutex_lock(&b->lock);
    while (take(b, &task)) {
        uint64_t used_ns = 0;
        b->busy++;
        pthread_mutex_unlock(&b->lock);
        enum burn_outcome outcome = run_task(b, &task, &used_ns);

        pthread_mutex_lock(&b->lock);
        b->busy--;
        pthread_mutex_unlock(&b->lock);
        task.done(task.arg, outcome, used_ns);
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static int start_threads(struct burners *b, unsigned workers, struct err *err)
{
    for (unsigned i = 0; i < workers; i++) {
        int r = pthread_create(&b->threads[i], NULL, burner_main, b);
        if (r != 0)
            return err_errno(err, r, "cannot start burner thread %u of %u", i + 1, workers);
        b->thread_count++;
    }
    return 0;
}

int burners_new(struct burners **ret, unsigned workers, size_t waiting_max, struct err *err)
{
    struct burners *b = calloc(1, sizeof(*b));

    if (!b)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->change, NULL);
    b->waiting_max = waiting_max;
    b->size = waiting_max + workers;
    b->line = calloc(b->size, sizeof(*b->line));
    b->threads = calloc(workers, sizeof(*b->threads));

    int r = b->line && b->threads ? start_threads(b, workers, err)
                                  : err_set(err, -ENOMEM, "out of memory");
    if (r < 0) {
        burners_free(b);
        return r;
    }
    *ret = b;
    return 0;
}

int burners_add(struct burners *b, const struct burn_task *task)
{
    int r = -EBUSY;

    pthread_mutex_lock(&b->lock);
    if (b->waiting + b->busy < b->thread_count + b->waiting_max) {
        b->line[(b->first + b->waiting) % b->size] = *task;
        b->waiting++;
        pthread_cond_signal(&b->change);
        r = 0;
    }
    pthread_mutex_unlock(&b->lock);
    return r;
}

size_t burners_waiting(struct burners *b, size_t *ret_burning)
{
    pthread_mutex_lock(&b->lock);
    size_t waiting = b->waiting;
    if (ret_burning)
        *ret_burning = b->busy;
    pthread_mutex_unlock(&b->lock);
    return waiting;
}

void burners_cancel(struct burners *b)
{
    atomic_store(&b->cancelled, true);
}

void burners_free(struct burners *b)
{
    if (!b)
        return;

    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_cond_broadcast(&b->change);
    pthread_mutex_unlock(&b->lock);
    for (unsigned i = 0; i < b->thread_count; i++)
        (void)pthread_join(b->threads[i], NULL);
    pthread_cond_destroy(&b->change);
    pthread_mutex_destroy(&b->lock);
    free(b->threads);
    free(b->line);
    free(b);
}
