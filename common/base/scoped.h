// SPDX-License-Identifier: MIT
/* scoped: releases a variable when it goes out of scope. `scoped(buf_done) struct buf b = {...};`
 * The variable must be initialised where it is declared; fn takes its address. */
#ifndef BASE_SCOPED_H
#define BASE_SCOPED_H

#include <stdlib.h>
#include <unistd.h>

#define scoped(fn) __attribute__((cleanup(fn), unused)) /* some live for their release only */

/* For `scoped(free_at) char *text`. */
static inline void free_at(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* For `scoped(close_at) int fd`; a negative descriptor is left alone. */
static inline void close_at(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

#endif
