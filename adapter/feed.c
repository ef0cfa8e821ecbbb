// SPDX-License-Identifier: MIT
#include "adapter/feed.h"

#include <errno.h>
#include <stdlib.h>

int feeds_init(struct feeds *f, const struct adapter_config *config)
{
    f->items = calloc(config->count + 1, sizeof(*f->items));
    if (!f->items)
        return -ENOMEM;
    f->count = config->count;
    for (size_t i = 0; i < f->count; i++) {
        f->items[i].metric = &config->metrics[i];
        pthread_mutex_init(&f->items[i].lock, NULL);
    }
    return 0;
}

void feeds_done(struct feeds *f)
{
    for (size_t i = 0; i < f->count; i++) {
        reading_unref(f->items[i].newest);
        pthread_mutex_destroy(&f->items[i].lock);
    }
    free(f->items);
    *f = (struct feeds){0};
}

void feed_publish(struct feed *f, struct reading *r)
{
    pthread_mutex_lock(&f->lock);
    struct reading *old = f->newest;
    f->newest = r;
    pthread_mutex_unlock(&f->lock);
    reading_unref(old);
}

struct reading *feed_newest(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    struct reading *r = reading_ref(f->newest);
    pthread_mutex_unlock(&f->lock);
    return r;
}
