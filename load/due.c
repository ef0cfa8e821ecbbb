// SPDX-License-Identifier: MIT
#include "load/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int due_init(struct due *d, size_t size)
{
    *d = (struct due){.entries = calloc(size, sizeof(*d->entries)), .size = size};
    return d->entries ? 0 : -ENOMEM;
}

void due_done(struct due *d)
{
    free(d->entries);
    *d = (struct due){0};
}

void due_push(struct due *d, uint64_t due_ns, uint64_t number)
{
    assert(d->count < d->size);
    d->entries[(d->first + d->count) % d->size] =
        (struct due_entry){.due_ns = due_ns, .number = number};
    d->count++;
}

uint64_t due_first_ns(const struct due *d)
{
    return d->count ? d->entries[d->first].due_ns : UINT64_MAX;
}

struct due_entry due_take(struct due *d)
{
    assert(d->count > 0);
    struct due_entry entry = d->entries[d->first];

    d->first = (d->first + 1) % d->size;
    d->count--;
    return entry;
}
