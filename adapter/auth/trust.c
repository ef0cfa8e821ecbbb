// SPDX-License-Identifier: MIT
#include "adapter/auth/trust.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1024

struct trust {
    atomic_int refs;
    uint64_t generation;
    gnutls_x509_trust_list_t authorities[TRUST_AUTHORITIES]; /* NULL: nobody */
    pthread_mutex_t verifying; /* GnuTLS promises nothing about sharing a list */
    json_t *allowed_names, *headers[TRUST_HEADERS]; /* arrays of texts, read only */
};

static const char *const authority_keys[TRUST_AUTHORITIES] = {"requestheader-client-ca-file",
                                                              "client-ca-file"};
static const char *const header_keys[TRUST_HEADERS] = {
    "requestheader-username-headers", "requestheader-group-headers", "requestheader-uid-headers",
    "requestheader-extra-headers-prefix"};

static int read_authority(const json_t *data, const char *key, gnutls_x509_trust_list_t *ret,
                          struct err *err)
{
    const char *pem = json_string_value(json_object_get(data, key));

    if (!pem || !*pem)
        return 0;
    const gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    if (gnutls_x509_trust_list_init(ret, 0) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    int n = gnutls_x509_trust_list_add_trust_mem(*ret, &bytes, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (n <= 0)
        return err_set(err, -EINVAL, "%s: %s", key,
                       n < 0 ? gnutls_strerror(n) : "there is no certificate in it");
    return 0;
}

/* A JSON array of texts inside a text. */
static int read_list(const json_t *data, const char *key, json_t **ret, struct err *err)
{
    const char *text = json_string_value(json_object_get(data, key));

    *ret = text ? json_loads(text, 0, NULL) : json_array();
    bool good = json_is_array(*ret);
    for (size_t i = 0; good && i < json_array_size(*ret); i++)
        good = json_is_string(json_array_get(*ret, i));
    return good ? 0 : err_set(err, -EINVAL, "%s: not a JSON list of texts", key);
}

static int fill(struct trust *t, const json_t *data, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < TRUST_AUTHORITIES && r == 0; i++)
        r = read_authority(data, authority_keys[i], &t->authorities[i], err);
    for (size_t i = 0; i < TRUST_HEADERS && r == 0; i++)
        r = read_list(data, header_keys[i], &t->headers[i], err);
    return r == 0 ? read_list(data, "requestheader-allowed-names", &t->allowed_names, err) : r;
}

int trust_new(struct trust **ret, const json_t *data, struct err *err)
{
    static atomic_uint_fast64_t generations;
    struct trust *t = calloc(1, sizeof(*t));

    if (!t)
        return err_set(err, -ENOMEM, "out of memory");
    atomic_init(&t->refs, 1);
    t->generation = atomic_fetch_add(&generations, 1) + 1;
    pthread_mutex_init(&t->verifying, NULL);
    int r = fill(t, data, err);
    if (r < 0) {
        trust_unref(t);
        return r;
    }
    *ret = t;
    return 0;
}

struct trust *trust_ref(struct trust *t)
{
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void trust_unref(struct trust *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    for (size_t i = 0; i < TRUST_AUTHORITIES; i++)
        if (t->authorities[i])
            gnutls_x509_trust_list_deinit(t->authorities[i], 1);
    for (size_t i = 0; i < TRUST_HEADERS; i++)
        json_decref(t->headers[i]);
    json_decref(t->allowed_names);
    pthread_mutex_destroy(&t->verifying);
    free(t);
}

uint64_t trust_generation(const struct trust *t)
{
    return t->generation;
}

bool trust_allows_name(const struct trust *t, const char *common_name)
{
    for (size_t i = 0; i < json_array_size(t->allowed_names); i++)
        if (strcmp(json_string_value(json_array_get(t->allowed_names, i)), common_name) == 0)
            return true;
    return json_array_size(t->allowed_names) == 0; /* then everybody whom that CA signed */
}

const char *trust_header(const struct trust *t, enum trust_header which, size_t i)
{
    return json_string_value(json_array_get(t->headers[which], i));
}

/* ---- certificates ---- */

void peer_names_done(struct peer_names *n)
{
    free(n->common_name);
    for (size_t i = 0; i < n->organisation_count; i++)
        free(n->organisations[i]);
    *n = (struct peer_names){0};
}

/* The i-th value of that part of the subject. 0, -ENOENT behind the last, -EACCES for what no name
 * should be: empty, with a NUL inside, endless. */
static int read_name(gnutls_x509_crt_t cert, const char *oid, unsigned i, char **ret)
{
    char text[NAME_MAX_BYTES];
    size_t size = sizeof(text);
    int r = gnutls_x509_crt_get_dn_by_oid(cert, oid, i, 0, text, &size);

    if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return -ENOENT;
    if (r < 0 || size == 0 || strlen(text) != size)
        return -EACCES;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

static int read_names(gnutls_x509_crt_t cert, struct peer_names *ret)
{
    scoped(free_at) char *second = NULL;
    int r = read_name(cert, GNUTLS_OID_X520_COMMON_NAME, 0, &ret->common_name);

    if (r < 0)
        return r;
    if (read_name(cert, GNUTLS_OID_X520_COMMON_NAME, 1, &second) != -ENOENT)
        return -EACCES; /* which of the two would it be? */
    while (r == 0 && ret->organisation_count < PEER_ORGANISATIONS_MAX) {
        size_t i = ret->organisation_count;
        r = read_name(cert, GNUTLS_OID_X520_ORGANIZATION_NAME, (unsigned)i, &ret->organisations[i]);
        ret->organisation_count += r == 0;
    }
    return r == -ENOENT ? 0 : -EACCES;
}

static int say_why(unsigned status, struct err *err)
{
    gnutls_datum_t text = {0};
    int r = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);

    (void)err_set(err, -EACCES, "%s", r == 0 ? (const char *)text.data : "not verified");
    gnutls_free(text.data);
    return -EACCES;
}

/* Go's rules: a certificate that names no extended usage is good for any. */
static int verify(const struct trust *t, enum trust_authority which, gnutls_x509_crt_t *certs,
                  size_t count, struct err *err)
{
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                     (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&t->verifying;
    unsigned status = 0;

    pthread_mutex_lock(lock);
    int r = gnutls_x509_trust_list_verify_crt2(
        t->authorities[which], certs, (unsigned)count, &purpose, 1,
        GNUTLS_VERIFY_DO_NOT_ALLOW_X509_V1_CA_CRT, &status, NULL);
    pthread_mutex_unlock(lock);
    if (r < 0)
        return err_set(err, -EACCES, "%s", gnutls_strerror(r));
    return status ? say_why(status, err) : 0;
}

static int verify_and_read(const struct trust *t, enum trust_authority which,
                           gnutls_x509_crt_t *certs, size_t count, struct peer_names *ret,
                           struct err *err)
{
    int r = verify(t, which, certs, count, err);

    if (r == 0) {
        r = read_names(certs[0], ret);
        if (r < 0)
            (void)err_set(err, r, "the certificate's subject is not one name");
    }
    ret->expires_s = INT64_MAX;
    for (size_t i = 0; i < count && r == 0; i++) {
        int64_t end_s = gnutls_x509_crt_get_expiration_time(certs[i]);
        ret->expires_s = end_s < ret->expires_s ? end_s : ret->expires_s;
    }
    if (r < 0)
        peer_names_done(ret);
    return r;
}

int trust_verify(const struct trust *t, enum trust_authority which, const struct http_bytes *chain,
                 size_t count, struct peer_names *ret, struct err *err)
{
    gnutls_x509_crt_t certs[HTTP_PEER_MAX];
    size_t n = 0;
    int r = 0;

    if (!t->authorities[which] || count == 0 || count > HTTP_PEER_MAX)
        return err_set(err, -EACCES, "nobody is trusted for this");
    for (; n < count && r == 0; n++) {
        const gnutls_datum_t der = {(unsigned char *)(uintptr_t)chain[n].data,
                                    (unsigned)chain[n].len};
        r = gnutls_x509_crt_init(&certs[n]);
        if (r < 0)
            break;
        r = gnutls_x509_crt_import(certs[n], &der, GNUTLS_X509_FMT_DER);
    }
    if (r < 0)
        r = err_set(err, -EACCES, "a certificate cannot be read: %s", gnutls_strerror(r));
    else
        r = verify_and_read(t, which, certs, count, ret, err);
    while (n)
        gnutls_x509_crt_deinit(certs[--n]);
    return r;
}
