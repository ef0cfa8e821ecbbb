// SPDX-License-Identifier: MIT
/* lines: reads a file or a pipe line by line, each as soon as it is there.
 *
 *     scoped(lines_done) struct lines l = {.fd = fd, .text.max = MIB};
 *     const char *line;
 *     size_t len;
 *
 *     while ((r = lines_next(&l, &line, &len)) > 0)
 *
 * One thread. */
#ifndef LAB_REPLAY_LINES_H
#define LAB_REPLAY_LINES_H

#include "base/buf.h"

struct lines {       /* {.fd, .text.max = bytes of the longest line with its end} is ready to use */
    int fd;          /* the caller's */
    struct buf text; /* what was read and not yet given, and the last line before it */
    size_t at;       /* where the next line begins in it */
};

/* The next line without its end, valid until the next call. 1; 0 behind the last one; -E2BIG when
 * it is too long, -ENOMEM, or what read() failed with: the file is of no use then. */
int lines_next(struct lines *l, const char **ret, size_t *ret_len);

/* Releases the memory, and leaves the descriptor. */
void lines_done(struct lines *l);

#endif
