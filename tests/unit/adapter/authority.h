// SPDX-License-Identifier: MIT
/* authority: certificates of every kind, good and bad, made with GnuTLS in the test's own process.
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include "unit.h"

#include "base/scoped.h"
#include "http/server.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

struct certified {
    gnutls_x509_crt_t cert;
    gnutls_x509_privkey_t key;
    gnutls_datum_t der;
    char pem[4096];
};

struct subject {
    const char *common_name, *second_common_name; /* NULL: none */
    const char *organisations[4];                 /* ends with NULL */
    const char *usage;                            /* an OID; NULL: none is named */
    bool authority;
    int64_t from_s, until_s; /* from now; until 0: a day */
};

static inline void certify(struct certified *c, const struct subject *s, struct certified *by)
{
    static unsigned char serial = 1;
    size_t size = sizeof(c->pem);

    by = by ? by : c;
    serial++;
    assert_int_equal(gnutls_x509_privkey_init(&c->key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(c->key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                  0),
                     0);
    assert_int_equal(gnutls_x509_crt_init(&c->cert), 0);
    assert_int_equal(gnutls_x509_crt_set_version(c->cert, 3), 0);
    assert_int_equal(gnutls_x509_crt_set_serial(c->cert, &serial, 1), 0);
    const char *const names[] = {s->common_name, s->second_common_name};
    for (size_t i = 0; i < 2; i++)
        if (names[i])
            assert_int_equal(gnutls_x509_crt_set_dn_by_oid(c->cert, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                           names[i], (unsigned)strlen(names[i])),
                             0);
    for (size_t i = 0; i < 4 && s->organisations[i]; i++)
        assert_int_equal(gnutls_x509_crt_set_dn_by_oid(c->cert, GNUTLS_OID_X520_ORGANIZATION_NAME,
                                                       0, s->organisations[i],
                                                       (unsigned)strlen(s->organisations[i])),
                         0);
    if (s->usage)
        assert_int_equal(gnutls_x509_crt_set_key_purpose_oid(c->cert, s->usage, 0), 0);
    assert_int_equal(gnutls_x509_crt_set_basic_constraints(c->cert, s->authority, -1), 0);
    gnutls_x509_crt_set_activation_time(c->cert, time(NULL) + s->from_s - 60);
    gnutls_x509_crt_set_expiration_time(c->cert, time(NULL) + (s->until_s ? s->until_s : DAY_S));
    assert_int_equal(gnutls_x509_crt_set_key(c->cert, c->key), 0);
    assert_int_equal(gnutls_x509_crt_sign2(c->cert, by->cert, by->key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(c->cert, GNUTLS_X509_FMT_DER, &c->der), 0);
    assert_int_equal(gnutls_x509_crt_export(c->cert, GNUTLS_X509_FMT_PEM, c->pem, &size), 0);
}

static inline void make_authority(struct certified *c, const char *name)
{
    certify(c, &(struct subject){.common_name = name, .authority = true}, NULL);
}

static inline struct http_bytes bytes_of(const struct certified *c)
{
    return (struct http_bytes){c->der.data, c->der.size};
}

static inline void certified_done(struct certified *c)
{
    gnutls_x509_crt_deinit(c->cert);
    gnutls_x509_privkey_deinit(c->key);
    gnutls_free(c->der.data);
}

#endif
