// SPDX-License-Identifier: MIT
#include "workload/steady.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"
#include "workload/demand.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define TICK_NS (10 * NS_PER_MS)
#define PIECE_MAX_NS NS_PER_MS
#define PIECE_MIN_NS (20 * NS_PER_US) /* less is not worth waking up for */

/* What could not be used that long ago is not made up for: 2 % of 5 s. */
#define CATCH_UP_NS (100 * NS_PER_MS)

/* A thread that has to run all the time cannot catch up, so each gets half a CPU's worth as long as
 * there are threads. */
#define MILLICORES_EACH 500

struct payer { /* one thread's own */
    struct steady *steady;
    unsigned index;
    uint64_t cpu_ns;  /* its CPU clock when it last settled */
    int64_t taken_ns; /* of the debt, since then */
};

struct steady {
    pthread_t *threads;
    struct payer *payers;
    unsigned thread_count;
    atomic_bool closing;

    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t change; /* more is asked for, or closing */
    struct demand demand;
    uint64_t settled_ns; /* the debt was brought up to date then */
    int64_t debt_ns;     /* CPU time; negative when too much was used */
    uint64_t used_ns;
};

static void grow_debt(struct steady *s, uint64_t now_ns) /* s->lock is held */
{
    uint64_t oldest_ns = now_ns - CATCH_UP_NS;
    uint64_t from_ns = s->settled_ns > oldest_ns ? s->settled_ns : oldest_ns;
    int64_t most_ns = (int64_t)demand_cpu_ns(&s->demand, oldest_ns, now_ns);

    s->debt_ns += (int64_t)demand_cpu_ns(&s->demand, from_ns, now_ns);
    if (s->debt_ns > most_ns)
        s->debt_ns = most_ns;
    s->settled_ns = now_ns;
    demand_forget(&s->demand, oldest_ns);
}

/* What was taken is given back, what was used is paid. */
static void settle(struct payer *p) /* the lock is held */
{
    uint64_t cpu_ns = clock_thread_cpu_ns();
    uint64_t used_ns = cpu_ns - p->cpu_ns;

    p->steady->debt_ns += p->taken_ns - (int64_t)used_ns;
    p->steady->used_ns += used_ns;
    p->taken_ns = 0;
    p->cpu_ns = cpu_ns;
}

static bool is_needed(const struct payer *p, uint64_t now_ns) /* the lock is held */
{
    const struct steady *s = p->steady;
    uint64_t millicores = demand_millicores(&s->demand, now_ns);

    return (uint64_t)p->index * MILLICORES_EACH < millicores ||
           (p->index == 0 && s->debt_ns >= (int64_t)PIECE_MIN_NS);
}

static void wait_for_debt(struct payer *p, uint64_t now_ns) /* the lock is held */
{
    struct steady *s = p->steady;
    uint64_t until_ns = now_ns + TICK_NS;
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};

    if (is_needed(p, now_ns))
        (void)pthread_cond_timedwait(&s->change, &s->lock, &until);
    else
        (void)pthread_cond_wait(&s->change, &s->lock);
}

static bool is_closing(void *arg)
{
    const struct steady *s = arg;

    return atomic_load(&s->closing);
}

static void pay_a_piece(struct payer *p) /* the lock is held */
{
    struct steady *s = p->steady;

    p->taken_ns = s->debt_ns < (int64_t)PIECE_MAX_NS ? s->debt_ns : (int64_t)PIECE_MAX_NS;
    s->debt_ns -= p->taken_ns;
    pthread_mutex_unlock(&s->lock);
    (void)burn_cpu((uint64_t)p->taken_ns, is_closing, s);
    pthread_mutex_lock(&s->lock);
}

static void *payer_main(void *arg)
{
    struct payer *p = arg;
    struct steady *s = p->steady;

    pthread_mutex_lock(&s->lock);
    p->cpu_ns = clock_thread_cpu_ns();
    while (!is_closing(s)) {
        uint64_t now_ns = clock_mono_ns();
        settle(p);
        grow_debt(s, now_ns);
        if (s->debt_ns >= (int64_t)PIECE_MIN_NS)
            pay_a_piece(p);
        else
            wait_for_debt(p, now_ns);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static int start_threads(struct steady *s, unsigned threads, struct err *err)
{
    for (unsigned i = 0; i < threads; i++) {
        s->payers[i] = (struct payer){.steady = s, .index = i};
        int r = pthread_create(&s->threads[i], NULL, payer_main, &s->payers[i]);
        if (r != 0)
            return err_errno(err, r, "cannot start thread %u of %u", i + 1, threads);
        s->thread_count++;
    }
    return 0;
}

static void init_lock(struct steady *s)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->change, &attr);
    pthread_condattr_destroy(&attr);
}

int steady_new(struct steady **ret, unsigned threads, struct err *err)
{
    struct steady *s = calloc(1, sizeof(*s));

    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    init_lock(s);
    s->threads = calloc(threads, sizeof(*s->threads));
    s->payers = calloc(threads, sizeof(*s->payers));
    int r = s->threads && s->payers ? start_threads(s, threads, err)
                                    : err_set(err, -ENOMEM, "out of memory");
    if (r < 0) {
        steady_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int steady_add(struct steady *s, uint32_t millicores, uint64_t duration_ns)
{
    uint64_t now_ns = clock_mono_ns();

    pthread_mutex_lock(&s->lock);
    demand_forget(&s->demand, now_ns - CATCH_UP_NS);
    int r = demand_add(&s->demand, now_ns, now_ns + duration_ns, millicores);
    pthread_cond_broadcast(&s->change);
    pthread_mutex_unlock(&s->lock);
    return r;
}

struct steady_state steady_read(struct steady *s)
{
    pthread_mutex_lock(&s->lock);
    struct steady_state state = {demand_millicores(&s->demand, clock_mono_ns()), s->used_ns};
    pthread_mutex_unlock(&s->lock);
    return state;
}

void steady_free(struct steady *s)
{
    if (!s)
        return;

    pthread_mutex_lock(&s->lock);
    atomic_store(&s->closing, true);
    pthread_cond_broadcast(&s->change);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->thread_count; i++)
        (void)pthread_join(s->threads[i], NULL);
    pthread_cond_destroy(&s->change);
    pthread_mutex_destroy(&s->lock);
    free(s->payers);
    free(s->threads);
    free(s);
}
