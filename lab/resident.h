// SPDX-License-Identifier: MIT
/* resident: what a process keeps in memory, cheaply. Any thread. */
#ifndef LAB_RESIDENT_H
#define LAB_RESIDENT_H

#include <stdint.h>

/* The resident set (VmRSS) of the process whose statm file is path, relative to dir_fd as openat
 * has it. 0 when the process is gone. The kernel counts in batches per core: the result may be off
 * by some hundred KiB (Documentation/filesystems/proc.rst, "statm ... inaccurate"). */
uint64_t resident_bytes(int dir_fd, const char *path);

#endif
