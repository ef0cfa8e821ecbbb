// SPDX-License-Identifier: MIT
#include "lab/block.h"

#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_BLOCK 20 /* 127.0.0.x and 127.0.1.x are others' (localhost, Debian's host name) */
#define BLOCKS 200
#define LAST_HOST 250

struct block {
    int lock_fd;
    unsigned number; /* the N of 127.N.x.y */
    unsigned services, last_pod;
    bool pod_taken[LAST_HOST + 1];
};

/* An abstract socket's name vanishes with the process, however it ends. */
static int hold(unsigned number)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "swell-lab-127.%u", number);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    if (bind(fd, (struct sockaddr *)&name, size) < 0) {
        int saved = errno;
        (void)close(fd);
        return -saved;
    }
    return fd;
}

int block_new(struct block **ret, struct err *err)
{
    struct block *b = calloc(1, sizeof(*b));

    if (!b)
        return err_set(err, -ENOMEM, "out of memory");
    for (unsigned i = 0; i < BLOCKS; i++) {
        b->number = FIRST_BLOCK + ((unsigned)getpid() + i) % BLOCKS;
        b->lock_fd = hold(b->number);
        if (b->lock_fd >= 0) {
            *ret = b;
            return 0;
        }
    }
    free(b);
    return err_set(err, -EADDRINUSE, "all %d blocks of loopback addresses are taken by other labs",
                   BLOCKS);
}

void block_free(struct block *b)
{
    if (!b)
        return;
    (void)close(b->lock_fd);
    free(b);
}

int block_take_pod(struct block *b, char address[BLOCK_ADDRESS_MAX], struct err *err)
{
    for (unsigned i = 0; i < LAST_HOST; i++) {
        b->last_pod = b->last_pod % LAST_HOST + 1;
        if (b->pod_taken[b->last_pod])
            continue;
        b->pod_taken[b->last_pod] = true;
        (void)snprintf(address, BLOCK_ADDRESS_MAX, "127.%u.1.%u", b->number, b->last_pod);
        return 0;
    }
    return err_set(err, -EADDRNOTAVAIL, "no free pod address: %d pods are running", LAST_HOST);
}

void block_return_pod(struct block *b, const char *address)
{
    const char *host = strrchr(address, '.');
    unsigned long number = host ? strtoul(host + 1, NULL, 10) : 0;

    if (number <= LAST_HOST)
        b->pod_taken[number] = false;
}

int block_take_service(struct block *b, char address[BLOCK_ADDRESS_MAX], struct err *err)
{
    if (b->services == LAST_HOST)
        return err_set(err, -EADDRNOTAVAIL, "no free Service address: there are %d", LAST_HOST);
    (void)snprintf(address, BLOCK_ADDRESS_MAX, "127.%u.0.%u", b->number, ++b->services);
    return 0;
}
