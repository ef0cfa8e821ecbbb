// SPDX-License-Identifier: MIT
/* listen: a listening TCP socket with errors that say which address and why. Any thread. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdint.h>

struct err;

/* address is numeric IPv4 or IPv6; port 0 picks a free one. "::" takes IPv4 too. Returns the
 * descriptor (close-on-exec) and sets *ret_port; or a negative errno with
 * "cannot listen on 127.0.0.1:80: Permission denied". */
int listen_tcp(const char *address, uint16_t port, uint16_t *ret_port, struct err *err);

#endif
