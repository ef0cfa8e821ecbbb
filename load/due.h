// SPDX-License-Identifier: MIT
/* due: numbers that wait for their time, first in, first out. Since everybody waits equally long,
 * the first in is the first due, and a ring is enough. One thread. */
#ifndef LOAD_DUE_H
#define LOAD_DUE_H

#include <stddef.h>
#include <stdint.h>

struct due_entry {
    uint64_t due_ns, number;
};

struct due { /* the fields belong to due.c */
    struct due_entry *entries;
    size_t first, count, size;
};

/* Room for size entries. 0 or -ENOMEM. */
int due_init(struct due *d, size_t size);
void due_done(struct due *d);

/* due_ns must not be before that of the entry pushed last; there must be room. */
void due_push(struct due *d, uint64_t due_ns, uint64_t number);

/* When the first entry is due; UINT64_MAX when there is none. */
uint64_t due_first_ns(const struct due *d);

/* Takes the first entry out; there must be one. */
struct due_entry due_take(struct due *d);

#endif
