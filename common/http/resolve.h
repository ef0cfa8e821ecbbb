// SPDX-License-Identifier: MIT
/* resolve: all addresses behind a name: from the file of SWELL_HOSTS (client.h), else from the
 * system. For those who do not go through libcurl, and for names with an address for each pod.
 *
 * Waits for the system's resolver, which has time limits of its own. Any thread. */
#ifndef HTTP_RESOLVE_H
#define HTTP_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define RESOLVE_ADDRESS_MAX 46 /* INET6_ADDRSTRLEN */

struct resolved {
    char address[RESOLVE_ADDRESS_MAX]; /* numeric, without brackets */
    uint16_t port;
};

/* The addresses of name for port, in the order found, at most max. Lines of SWELL_HOSTS that name a
 * port count before those that do not. Returns how many, at least 1; or -EHOSTUNREACH with "no
 * address for 'redis': Name or service not known". */
int resolve(const char *name, uint16_t port, struct resolved *ret, size_t max, struct err *err);

#endif
