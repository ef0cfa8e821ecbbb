// SPDX-License-Identifier: MIT
#include "adapter/serving/pair.h"

#include "base/err.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKDATED_S 3600
#define SERIAL_BYTES 16
#define PEM_MAX_BYTES 8192

/* A certificate on its way, with its key. */
struct draft {
    gnutls_x509_crt_t cert;
    gnutls_x509_privkey_t key;
};

static void draft_done(struct draft *d)
{
    if (d->cert)
        gnutls_x509_crt_deinit(d->cert);
    if (d->key)
        gnutls_x509_privkey_deinit(d->key); /* wipes it */
}

static int set_name(gnutls_x509_crt_t cert, const char *name)
{
    return gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                         (unsigned)strlen(name));
}

static int set_random_serial(gnutls_x509_crt_t cert)
{
    unsigned char serial[SERIAL_BYTES];
    int r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of full length */
    return r < 0 ? r : gnutls_x509_crt_set_serial(cert, serial, sizeof(serial));
}

static int set_key_id(gnutls_x509_crt_t cert)
{
    unsigned char id[64];
    size_t size = sizeof(id);
    int r = gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, id, &size);

    return r < 0 ? r : gnutls_x509_crt_set_subject_key_id(cert, id, size < 20 ? size : 20);
}

/* What both kinds have. */
static int draft_begin(struct draft *d, const char *name, int64_t now_s, int64_t lifetime_s)
{
    int r = gnutls_x509_privkey_init(&d->key);

    if (r >= 0)
        r = gnutls_x509_privkey_generate(d->key, GNUTLS_PK_ECDSA,
                                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (r >= 0)
        r = gnutls_x509_crt_init(&d->cert);
    if (r >= 0)
        r = gnutls_x509_crt_set_version(d->cert, 3);
    if (r >= 0)
        r = set_random_serial(d->cert);
    if (r >= 0)
        r = set_name(d->cert, name);
    if (r >= 0)
        r = gnutls_x509_crt_set_activation_time(d->cert, (time_t)(now_s - BACKDATED_S));
    if (r >= 0)
        r = gnutls_x509_crt_set_expiration_time(d->cert, (time_t)(now_s + lifetime_s));
    if (r >= 0)
        r = gnutls_x509_crt_set_key(d->cert, d->key);
    return r < 0 ? r : set_key_id(d->cert);
}

static int draft_authority(struct draft *d, int64_t now_s, int64_t lifetime_s)
{
    char name[64];

    /* Different for each, so that nobody takes one for the other: they meet in one bundle. */
    (void)snprintf(name, sizeof(name), "swell-adapter-ca@%lld", (long long)now_s);
    int r = draft_begin(d, name, now_s, lifetime_s);
    if (r >= 0)
        r = gnutls_x509_crt_set_basic_constraints(d->cert, 1, 0);
    if (r >= 0)
        r = gnutls_x509_crt_set_key_usage(d->cert, GNUTLS_KEY_KEY_CERT_SIGN);
    return r < 0 ? r : gnutls_x509_crt_sign2(d->cert, d->cert, d->key, GNUTLS_DIG_SHA256, 0);
}

static int draft_server(struct draft *d, const struct draft *authority, const char *const *names,
                        size_t count, int64_t now_s, int64_t lifetime_s)
{
    int r = draft_begin(d, "swell-adapter", now_s, lifetime_s);

    for (size_t i = 0; i < count && r >= 0; i++)
        r = gnutls_x509_crt_set_subject_alt_name(d->cert, GNUTLS_SAN_DNSNAME, names[i],
                                                 (unsigned)strlen(names[i]), GNUTLS_FSAN_APPEND);
    if (r >= 0)
        r = gnutls_x509_crt_set_basic_constraints(d->cert, 0, -1);
    if (r >= 0)
        r = gnutls_x509_crt_set_key_usage(d->cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (r >= 0)
        r = gnutls_x509_crt_set_key_purpose_oid(d->cert, GNUTLS_KP_TLS_WWW_SERVER, 1);
    return r < 0 ? r
                 : gnutls_x509_crt_sign2(d->cert, authority->cert, authority->key,
                                         GNUTLS_DIG_SHA256, 0);
}

static char *cert_to_pem(gnutls_x509_crt_t cert)
{
    char text[PEM_MAX_BYTES];
    size_t size = sizeof(text);

    return gnutls_x509_crt_export(cert, GNUTLS_X509_FMT_PEM, text, &size) < 0 ? NULL : strdup(text);
}

static char *key_to_pem(gnutls_x509_privkey_t key)
{
    char text[PEM_MAX_BYTES];
    size_t size = sizeof(text);
    int r = gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                             text, &size);
    char *copy = r < 0 ? NULL : strdup(text);

    explicit_bzero(text, sizeof(text));
    return copy;
}

int pair_make(const char *const *names, size_t count, int64_t now_s, int64_t lifetime_s,
              struct pair *ret, struct err *err)
{
    struct draft authority = {0}, server = {0};
    struct pair p = {.made_s = now_s, .expires_s = now_s + lifetime_s};
    int r = draft_authority(&authority, now_s, lifetime_s);

    if (r >= 0)
        r = draft_server(&server, &authority, names, count, now_s, lifetime_s);
    if (r >= 0) {
        p.ca_pem = cert_to_pem(authority.cert);
        p.cert_pem = cert_to_pem(server.cert);
        p.key_pem = key_to_pem(server.key);
        r = p.ca_pem && p.cert_pem && p.key_pem ? 0 : GNUTLS_E_MEMORY_ERROR;
    }
    draft_done(&authority);
    draft_done(&server);
    if (r < 0) {
        pair_done(&p);
        return err_set(err, -EIO, "cannot make a certificate: %s", gnutls_strerror(r));
    }
    *ret = p;
    return 0;
}

/* ---- reading ---- */

static int import_cert(const char *pem, gnutls_x509_crt_t *ret)
{
    const gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    int r = gnutls_x509_crt_init(ret);

    return r < 0 ? r : gnutls_x509_crt_import(*ret, &bytes, GNUTLS_X509_FMT_PEM);
}

int pair_certificate_end(const char *cert_pem, int64_t *ret_s)
{
    gnutls_x509_crt_t cert = NULL;
    int r = import_cert(cert_pem, &cert);

    if (r >= 0)
        *ret_s = gnutls_x509_crt_get_expiration_time(cert);
    if (cert)
        gnutls_x509_crt_deinit(cert);
    return r < 0 ? -EINVAL : 0;
}

/* Whether ca signed cert; times are the caller's business. */
static bool is_signed_by(gnutls_x509_crt_t cert, gnutls_x509_crt_t ca)
{
    const unsigned flags =
        GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS;
    unsigned status = 0;

    return gnutls_x509_crt_verify(cert, &ca, 1, flags, &status) == 0 && status == 0;
}

static int check(const char *ca_pem, const char *cert_pem, const char *key_pem, struct pair *p)
{
    const gnutls_datum_t cert_bytes = {(unsigned char *)(uintptr_t)cert_pem,
                                       (unsigned)strlen(cert_pem)};
    const gnutls_datum_t key_bytes = {(unsigned char *)(uintptr_t)key_pem,
                                      (unsigned)strlen(key_pem)};
    gnutls_certificate_credentials_t both = NULL;
    gnutls_x509_crt_t ca = NULL, cert = NULL;
    int r = import_cert(ca_pem, &ca);

    if (r >= 0)
        r = import_cert(cert_pem, &cert);
    if (r >= 0)
        r = gnutls_certificate_allocate_credentials(&both);
    if (r >= 0)
        r = gnutls_certificate_set_x509_key_mem(both, &cert_bytes, &key_bytes, GNUTLS_X509_FMT_PEM);
    if (r >= 0 && !is_signed_by(cert, ca))
        r = GNUTLS_E_CERTIFICATE_ERROR;
    if (r >= 0) {
        p->made_s = gnutls_x509_crt_get_activation_time(cert) + BACKDATED_S;
        p->expires_s = gnutls_x509_crt_get_expiration_time(cert);
    }
    if (both)
        gnutls_certificate_free_credentials(both);
    if (ca)
        gnutls_x509_crt_deinit(ca);
    if (cert)
        gnutls_x509_crt_deinit(cert);
    return r;
}

int pair_read(const char *ca_pem, const char *cert_pem, const char *key_pem, struct pair *ret,
              struct err *err)
{
    struct pair p = {0};
    int r = check(ca_pem, cert_pem, key_pem, &p);

    if (r < 0)
        return err_set(err, -EINVAL, "authority, certificate and key do not belong together: %s",
                       gnutls_strerror(r));
    p.ca_pem = strdup(ca_pem);
    p.cert_pem = strdup(cert_pem);
    p.key_pem = strdup(key_pem);
    if (!p.ca_pem || !p.cert_pem || !p.key_pem) {
        pair_done(&p);
        return err_set(err, -ENOMEM, "out of memory");
    }
    *ret = p;
    return 0;
}

bool pair_is_for(const struct pair *p, const char *name)
{
    gnutls_x509_crt_t cert = NULL;
    bool is = import_cert(p->cert_pem, &cert) >= 0 && gnutls_x509_crt_check_hostname(cert, name);

    if (cert)
        gnutls_x509_crt_deinit(cert);
    return is;
}

void pair_done(struct pair *p)
{
    if (p->key_pem)
        explicit_bzero(p->key_pem, strlen(p->key_pem));
    free(p->ca_pem);
    free(p->cert_pem);
    free(p->key_pem);
    *p = (struct pair){0};
}
