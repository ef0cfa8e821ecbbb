// SPDX-License-Identifier: MIT
/* source: where a worker's jobs come from. One row per kind; a worker's thread opens a source of
 * its own and has one job from it at a time.
 *
 * Every kind delivers at least once: a job is gone only after done, and comes back, to whoever asks
 * then, when nothing was heard of its holder for as long as the lease. */
#ifndef WORKLOAD_SOURCE_H
#define WORKLOAD_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct source_config { /* borrowed for as long as the source lives */
    const char *url;
    const char *queue;  /* the name of the queue, list, stream or topic */
    const char *group;  /* streams and Kafka: the consumer group */
    const char *worker; /* who takes, for the queue's records */
    uint64_t lease_ns;  /* for how long a job is ours after its take or the last extend */
    uint64_t wait_ns;   /* how long take may wait for a job */
    double cpu_ms;      /* of a job that does not say */
};

#define SOURCE_ID_MAX 128
#define SOURCE_AGE_UNKNOWN UINT64_MAX

struct source_job {
    char id[SOURCE_ID_MAX + 1]; /* "": it has none */
    double cpu_ms;
    uint64_t age_ns; /* since it was put */
};

struct source_kind {
    const char *name;

    /* -EINVAL with a sentence when the configuration is wrong. Any thread. */
    int (*check)(const struct source_config *config, struct err *err);

    /* Does not wait for the other side. NULL when out of memory. */
    void *(*open)(const struct source_config *config);
    void (*close)(void *source); /* a job that is held comes back by itself */

    /* 1 and a job; 0 when there is none; or a negative errno with a sentence, after which it is
     * worth trying again. */
    int (*take)(void *source, struct source_job *ret, struct err *err);

    /* What happens to the job that was taken last: it is still worked on and stays ours for
     * another lease; it is done; its work failed, so that it is tried again later; or nobody has
     * worked on it, so that it is ready again at once. 0; -ESTALE or -ENOENT when the job is not
     * ours any more; or an error after which it is worth trying again. */
    int (*extend)(void *source, struct err *err);
    int (*done)(void *source, struct err *err);
    int (*fail)(void *source, const char *reason, struct err *err);
    int (*give_back)(void *source, struct err *err);
};

/* All kinds, by the names for an option; end with NULL. */
extern const char *const source_kind_names[];

/* -ENOTSUP with a sentence when the kind of this number (in source_kind_names) was left out. */
int source_find(int number, const struct source_kind **ret, struct err *err);

extern const struct source_kind source_swell;
extern const struct source_kind source_redis_list;
extern const struct source_kind source_redis_stream;
extern const struct source_kind source_kafka;

#endif
