// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/serving/pair.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

static const char *const names[] = {"adapter.swell.svc", "localhost"};

static void make(struct pair *p, int64_t lifetime_s)
{
    struct err err = {0};

    if (pair_make(names, 2, time(NULL), lifetime_s, p, &err) < 0)
        fail_msg("%s", err.text);
}

/* GnuTLS's verdict on the pair, as a client that knows only the authority sees it: 0 is good. */
static unsigned verdict(const struct pair *p, const char *ca_pem, const char *host)
{
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t cert;
    gnutls_typed_vdata_st data[] = {
        {GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)(uintptr_t)host, 0},
        {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0}};
    const gnutls_datum_t ca = {(unsigned char *)(uintptr_t)ca_pem, (unsigned)strlen(ca_pem)};
    const gnutls_datum_t own = {(unsigned char *)p->cert_pem, (unsigned)strlen(p->cert_pem)};
    unsigned status = 0;

    assert_int_equal(gnutls_x509_trust_list_init(&list, 0), 0);
    assert_int_equal(
        gnutls_x509_trust_list_add_trust_mem(list, &ca, NULL, GNUTLS_X509_FMT_PEM, 0, 0), 1);
    assert_int_equal(gnutls_x509_crt_init(&cert), 0);
    assert_int_equal(gnutls_x509_crt_import(cert, &own, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_x509_trust_list_verify_crt2(list, &cert, 1, data, 2, 0, &status, NULL),
                     0);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_trust_list_deinit(list, 1);
    return status;
}

static void who_knows_the_authority_trusts_the_certificate(void **state)
{
    struct pair p = {0}, other = {0};
    (void)state;

    make(&p, 1000);
    make(&other, 1000);
    assert_int_equal(verdict(&p, p.ca_pem, "adapter.swell.svc"), 0);
    assert_int_equal(verdict(&p, p.ca_pem, "localhost"), 0);
    assert_int_not_equal(verdict(&p, p.ca_pem, "elsewhere"), 0);
    assert_int_not_equal(verdict(&p, other.ca_pem, "localhost"), 0);
    pair_done(&p);
    pair_done(&other);
}

static void is_for_its_names_only(void **state)
{
    struct pair p = {0};
    (void)state;

    make(&p, 1000);
    assert_true(pair_is_for(&p, "adapter.swell.svc"));
    assert_false(pair_is_for(&p, "adapter.other.svc"));
    pair_done(&p);
}

static void an_end_is_an_end(void **state)
{
    struct pair p = {0};
    (void)state;

    make(&p, -10);
    assert_true(verdict(&p, p.ca_pem, "localhost") & GNUTLS_CERT_EXPIRED);
    pair_done(&p);
}

static void is_the_same_when_read_again(void **state)
{
    struct pair p = {0}, again = {0};
    int64_t end_s = 0;
    (void)state;

    make(&p, 1000);
    assert_int_equal(pair_read(p.ca_pem, p.cert_pem, p.key_pem, &again, NULL), 0);
    assert_string_equal(again.key_pem, p.key_pem);
    assert_int_equal(again.made_s, p.made_s);
    assert_int_equal(again.expires_s, p.made_s + 1000);
    assert_int_equal(pair_certificate_end(p.cert_pem, &end_s), 0);
    assert_int_equal(end_s, p.expires_s);
    pair_done(&p);
    pair_done(&again);
}

static void what_does_not_belong_together_is_refused(void **state)
{
    struct pair a = {0}, b = {0}, ret = {0};
    struct err err = {0};
    int64_t end_s;
    (void)state;

    make(&a, 1000);
    make(&b, 1000);
    assert_int_equal(pair_read(b.ca_pem, a.cert_pem, a.key_pem, &ret, &err), -EINVAL);
    assert_int_equal(pair_read(a.ca_pem, a.cert_pem, b.key_pem, &ret, &err), -EINVAL);
    assert_int_equal(pair_read("", a.cert_pem, a.key_pem, &ret, &err), -EINVAL);
    assert_int_equal(pair_read(a.ca_pem, "x", a.key_pem, &ret, &err), -EINVAL);
    assert_int_equal(pair_certificate_end("x", &end_s), -EINVAL);
    assert_null(ret.key_pem);
    pair_done(&a);
    pair_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_knows_the_authority_trusts_the_certificate),
        cmocka_unit_test(is_for_its_names_only),
        cmocka_unit_test(an_end_is_an_end),
        cmocka_unit_test(is_the_same_when_read_again),
        cmocka_unit_test(what_does_not_belong_together_is_refused),
    };
    return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
