// SPDX-License-Identifier: MIT
#include "http/listen.h"

#include "base/err.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static int bound_port(int fd, uint16_t *ret_port)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return -errno;
    *ret_port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                    : ((struct sockaddr_in *)&address)->sin_port);
    return 0;
}

static int open_listener(const struct addrinfo *where)
{
    int one = 1, zero = 0;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (where->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (bind(fd, where->ai_addr, where->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int saved = errno;
        (void)close(fd);
        return -saved;
    }
    return fd;
}

int listen_tcp(const char *address, uint16_t port, uint16_t *ret_port, struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *where = NULL;
    char service[8];

    (void)snprintf(service, sizeof(service), "%u", port);
    if (!address) /* which would mean every address */
        return err_set(err, -EINVAL, "no address to listen on");
    if (getaddrinfo(address, service, &hints, &where) != 0)
        return err_set(err, -EINVAL, "'%s' is not a numeric IP address", address);

    int fd = open_listener(where);
    freeaddrinfo(where);
    if (fd < 0)
        return err_errno(err, -fd, "cannot listen on %s:%u", address, port);

    int r = bound_port(fd, ret_port);
    if (r < 0) {
        (void)close(fd);
        return err_errno(err, -r, "cannot read the port of %s:%u", address, port);
    }
    return fd;
}
