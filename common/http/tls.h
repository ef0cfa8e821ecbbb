// SPDX-License-Identifier: MIT
/* tls: the certificate that a server shows, and the one that its client shows. The one place under
 * the server that knows GnuTLS; tls_none.c stands in for it in builds without. Inside common/http.
 *
 * A certificate is immutable and counted: a connection keeps the one that its handshake began with,
 * while the server may have a newer one already. Any thread. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "http/server.h"

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;
struct err;
struct tls_certificate;

/* The chain, leaf first, and its key. 0, -ENOMEM, -EINVAL with what is wrong with them, or -ENOSYS
 * in a build without TLS. */
int tls_certificate_new(struct tls_certificate **ret, const char *cert_pem, const char *key_pem,
                        struct err *err);
struct tls_certificate *tls_certificate_ref(struct tls_certificate *c);
void tls_certificate_unref(struct tls_certificate *c); /* NULL does nothing */

/* Before the handshake: the connection, which must end before the certificate, shows it. With ask
 * the client may show one too: any, or none, and whoever signed it. */
void tls_begin(struct tls_certificate *c, struct MHD_Connection *connection, bool ask);

/* After it: fills chain, leaf first, with what the client showed, and returns how many. Borrowed
 * from the connection. More than max: 0, as if there were none. */
size_t tls_peer(struct MHD_Connection *connection, struct http_bytes *chain, size_t max);

#endif
