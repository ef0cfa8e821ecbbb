// SPDX-License-Identifier: MIT
/* memfile: bytes under a file name, for libraries that take keys and certificates by name only.
 * Nothing is written to a disk, and no child process inherits it. The name works in this process
 * until memfile_done. Any thread. */
#ifndef BASE_MEMFILE_H
#define BASE_MEMFILE_H

#include <stddef.h>

struct err;

struct memfile { /* {.fd = -1} holds nothing */
    int fd;
    char path[32]; /* "/proc/self/fd/7"; "" when it holds nothing */
};

/* Fills *ret. 0, or a negative errno: no descriptor or no memory was to be had. */
int memfile_init(struct memfile *ret, const void *data, size_t len, struct err *err);

void memfile_done(struct memfile *m); /* {.fd = -1} is fine */

#endif
