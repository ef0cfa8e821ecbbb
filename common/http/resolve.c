// SPDX-License-Identifier: MIT
#include "http/resolve.h"

#include "base/err.h"
#include "base/parse.h"
#include "http/hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const char *wanted; /* "redis:6379" or "redis" */
    uint16_t port;
    struct resolved *ret;
    size_t count, max;
};

/* "127.0.0.1", "127.0.0.1:80", "::1", "[::1]:80"; without a port that of fallback. */
static bool read_address(const char *text, uint16_t fallback, struct resolved *ret)
{
    const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : text, ':');
    unsigned char bytes[16];
    uint64_t port = fallback;

    if (!bracket && colon && strchr(colon + 1, ':'))
        colon = NULL; /* IPv6 without a port */
    size_t len = bracket ? (size_t)(bracket - text - 1)
                 : colon ? (size_t)(colon - text)
                         : strlen(text);
    if (len >= sizeof(ret->address) || (colon && parse_u64(colon + 1, 1, 65535, &port) < 0))
        return false;
    memcpy(ret->address, text + (bracket != NULL), len);
    ret->address[len] = '\0';
    ret->port = (uint16_t)port;
    return inet_pton(strchr(ret->address, ':') ? AF_INET6 : AF_INET, ret->address, bytes) == 1;
}

static void look(void *arg, const char *name, const char *address)
{
    struct search *s = arg;

    if (s->count < s->max && strcmp(name, s->wanted) == 0 &&
        read_address(address, s->port, &s->ret[s->count]))
        s->count++;
}

static size_t search_file(const char *name, struct search *s)
{
    char with_port[300];

    (void)snprintf(with_port, sizeof(with_port), "%s:%u", name, s->port);
    s->wanted = with_port;
    hosts_each(look, s);
    if (s->count)
        return s->count;
    s->wanted = name;
    hosts_each(look, s);
    return s->count;
}

int resolve(const char *name, uint16_t port, struct resolved *ret, size_t max, struct err *err)
{
    struct search search = {.port = port, .ret = ret, .max = max};
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    size_t count = search_file(name, &search);

    if (count)
        return (int)count;
    int r = getaddrinfo(name, NULL, &hints, &found);
    if (r != 0)
        return err_set(err, -EHOSTUNREACH, "no address for '%s': %s", name, gai_strerror(r));
    for (const struct addrinfo *a = found; a && count < max; a = a->ai_next) {
        ret[count].port = port;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, ret[count].address, sizeof(ret->address), NULL,
                        0, NI_NUMERICHOST) == 0)
            count++;
    }
    freeaddrinfo(found);
    return count ? (int)count : err_set(err, -EHOSTUNREACH, "no address for '%s'", name);
}
