// SPDX-License-Identifier: MIT
/* feed: a configured metric with its newest reading, from the poller to the API's threads. Any
 * thread. */
#ifndef ADAPTER_FEED_H
#define ADAPTER_FEED_H

#include "adapter/reading.h"

#include <pthread.h>

struct feed {
    const struct external_metric *metric; /* borrowed */
    pthread_mutex_t lock;                 /* guards newest, the pointer */
    struct reading *newest;               /* NULL before the first poll ended */
};

struct feeds {
    struct feed *items;
    size_t count;
};

/* 0 or -ENOMEM. config is borrowed until feeds_done. */
int feeds_init(struct feeds *f, const struct adapter_config *config);
void feeds_done(struct feeds *f);

void feed_publish(struct feed *f, struct reading *r); /* takes r */

/* A reference (reading_unref it), or NULL before the first poll ended. */
struct reading *feed_newest(struct feed *f);

#endif
