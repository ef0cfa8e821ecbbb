// SPDX-License-Identifier: MIT
#include "http/tls.h"

#include "base/err.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct tls_certificate {
    gnutls_certificate_credentials_t credentials;
    atomic_int refs;
};

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

int tls_certificate_new(struct tls_certificate **ret, const char *cert_pem, const char *key_pem,
                        struct err *err)
{
    struct tls_certificate *c = calloc(1, sizeof(*c));
    const gnutls_datum_t cert = datum(cert_pem), key = datum(key_pem);

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    atomic_init(&c->refs, 1);
    int r = gnutls_certificate_allocate_credentials(&c->credentials);
    if (r == 0)
        r = gnutls_certificate_set_x509_key_mem(c->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
    if (r < 0) {
        tls_certificate_unref(c);
        return err_set(err, r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL,
                       "the serving certificate and its key: %s", gnutls_strerror(r));
    }
    *ret = c;
    return 0;
}

struct tls_certificate *tls_certificate_ref(struct tls_certificate *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void tls_certificate_unref(struct tls_certificate *c)
{
    if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    gnutls_certificate_free_credentials(c->credentials);
    free(c);
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    return info ? info->tls_session : NULL;
}

/* No names of authorities are sent: some clients keep their certificate to themselves when its
 * issuer is not among them. */
void tls_begin(struct tls_certificate *c, struct MHD_Connection *connection, bool ask)
{
    gnutls_session_t session = session_of(connection);

    (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->credentials);
    if (ask) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
        gnutls_certificate_send_x509_rdn_sequence(session, 1); /* 1 means none */
    }
}

size_t tls_peer(struct MHD_Connection *connection, struct http_bytes *chain, size_t max)
{
    gnutls_session_t session = session_of(connection);
    unsigned count = 0;
    const gnutls_datum_t *certs = session ? gnutls_certificate_get_peers(session, &count) : NULL;

    if (!certs || count > max || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509)
        return 0;
    for (unsigned i = 0; i < count; i++)
        chain[i] = (struct http_bytes){certs[i].data, certs[i].size};
    return count;
}
