// SPDX-License-Identifier: MIT
#include "base/memfile.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int memfile_init(struct memfile *ret, const void *data, size_t len, struct err *err)
{
    int fd = memfd_create("swell", MFD_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "cannot make a file in memory");

    int r = write_all(fd, data, len);
    if (r < 0) {
        (void)close(fd);
        return err_errno(err, -r, "cannot write a file in memory");
    }
    ret->fd = fd;
    (void)snprintf(ret->path, sizeof(ret->path), "/proc/self/fd/%d", fd);
    return 0;
}

void memfile_done(struct memfile *m)
{
    if (m->fd >= 0)
        (void)close(m->fd);
    *m = (struct memfile){.fd = -1};
}
