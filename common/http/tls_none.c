// SPDX-License-Identifier: MIT
#include "http/tls.h"

#include "base/err.h"

#include <errno.h>

/* In place of tls.c, for builds without GnuTLS: nobody gets a certificate, so that the other
 * functions have nothing to do. */

int tls_certificate_new(struct tls_certificate **ret, const char *cert_pem, const char *key_pem,
                        struct err *err)
{
    (void)ret;
    (void)cert_pem;
    (void)key_pem;
    return err_set(err, -ENOSYS, "this program was built without TLS");
}

struct tls_certificate *tls_certificate_ref(struct tls_certificate *c)
{
    return c;
}

void tls_certificate_unref(struct tls_certificate *c)
{
    (void)c;
}

void tls_begin(struct tls_certificate *c, struct MHD_Connection *connection, bool ask)
{
    (void)c;
    (void)connection;
    (void)ask;
}

size_t tls_peer(struct MHD_Connection *connection, struct http_bytes *chain, size_t max)
{
    (void)connection;
    (void)chain;
    (void)max;
    return 0;
}
