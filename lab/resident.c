// SPDX-License-Identifier: MIT
#include "lab/resident.h"

#include "base/scoped.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

uint64_t resident_bytes(int dir_fd, const char *path)
{
    char text[128];
    unsigned long long size, resident;
    scoped(close_at) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (sscanf(text, "%llu %llu", &size, &resident) != 2)
        return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
