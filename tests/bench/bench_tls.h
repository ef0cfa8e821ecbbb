// SPDX-License-Identifier: MIT
/* bench_tls: what both ends of a TLS connection of a bench need, bench_https and bench_bare.
 * Whatever goes wrong ends the program with a sentence: a bench without an end has no figures. */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>

static inline _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(EXIT_FAILURE);
}

static inline gnutls_certificate_credentials_t load_certificate(const char *cert, const char *key)
{
    gnutls_certificate_credentials_t credentials;
    int r = gnutls_certificate_allocate_credentials(&credentials);

    if (r == 0)
        r = gnutls_certificate_set_x509_key_file(credentials, cert, key, GNUTLS_X509_FMT_PEM);
    if (r < 0)
        give_up("the certificate", gnutls_strerror(r));
    return credentials;
}

/* A new session on a connected, blocking socket; flags: GNUTLS_CLIENT or GNUTLS_SERVER. */
static inline gnutls_session_t begin_session(int fd, unsigned flags,
                                             gnutls_certificate_credentials_t credentials)
{
    gnutls_session_t session;

    if (gnutls_init(&session, flags) < 0)
        give_up("TLS", "out of memory");
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(session, fd);
    return session;
}

/* 0 or a GnuTLS error. */
static inline int shake_hands(gnutls_session_t session)
{
    int r;

    do
        r = gnutls_handshake(session);
    while (r < 0 && !gnutls_error_is_fatal(r));
    return r;
}

#endif
