// SPDX-License-Identifier: MIT
#include "adapter/serving/keyring.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define PEM_MAX_BYTES (64 * KIB)
#define NOTICE_MAX_S 60 /* API servers see a new bundle within a second or so */

enum keyring_step keyring_step(const struct keyring *k, int64_t now_s, int64_t trusted_s)
{
    int64_t lifetime_s = k->current.expires_s - k->current.made_s;
    int64_t notice_s = lifetime_s / 100 < NOTICE_MAX_S ? lifetime_s / 100 + 1 : NOTICE_MAX_S;

    if (k->next.ca_pem && trusted_s &&
        (now_s >= trusted_s + notice_s || now_s >= k->current.expires_s))
        return KEYRING_SWITCH;
    if (!k->next.ca_pem && now_s >= k->current.made_s + lifetime_s / 3 * 2)
        return KEYRING_PREPARE;
    if (k->previous_ca_pem && now_s > k->previous_expires_s)
        return KEYRING_FORGET;
    return KEYRING_NOTHING;
}

void keyring_prepare(struct keyring *k, struct pair *next)
{
    pair_done(&k->next);
    k->next = *next;
    *next = (struct pair){0};
}

void keyring_forget(struct keyring *k)
{
    free(k->previous_ca_pem);
    k->previous_ca_pem = NULL;
    k->previous_expires_s = 0;
}

void keyring_switch(struct keyring *k)
{
    keyring_forget(k);
    k->previous_ca_pem = k->current.ca_pem;
    k->previous_expires_s = k->current.expires_s;
    k->current.ca_pem = NULL;
    pair_done(&k->current);
    k->current = k->next;
    k->next = (struct pair){0};
}

void keyring_done(struct keyring *k)
{
    pair_done(&k->current);
    pair_done(&k->next);
    keyring_forget(k);
}

char *keyring_bundle(const struct keyring *k)
{
    const char *const authorities[] = {k->current.ca_pem, k->next.ca_pem, k->previous_ca_pem};
    scoped(buf_done) struct buf out = {.max = 3 * PEM_MAX_BYTES};
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(authorities) && r == 0; i++)
        if (authorities[i])
            r = buf_puts(&out, authorities[i]);
    return r == 0 ? buf_take(&out, NULL) : NULL;
}

/* ---- the Secret ---- */

static int put(json_t *data, const char *name, const char *text)
{
    scoped(buf_done) struct buf encoded = {.max = 2 * PEM_MAX_BYTES};

    if (!text) /* a null removes the entry when the object is merged */
        return json_object_set_new(data, name, json_null());
    if (base64_encode(&encoded, text, strlen(text)) < 0)
        return -1;
    return json_object_set_new(data, name, json_string(encoded.data));
}

json_t *keyring_to_data(const struct keyring *k)
{
    const struct {
        const char *name, *text;
    } entries[] = {{"ca.crt", k->current.ca_pem},          {"tls.crt", k->current.cert_pem},
                   {"tls.key", k->current.key_pem},        {"next-ca.crt", k->next.ca_pem},
                   {"next-tls.crt", k->next.cert_pem},     {"next-tls.key", k->next.key_pem},
                   {"previous-ca.crt", k->previous_ca_pem}};
    json_t *data = json_object();
    int r = data ? 0 : -1;

    for (size_t i = 0; i < ARRAY_LEN(entries) && r == 0; i++)
        r = put(data, entries[i].name, entries[i].text);
    if (r == 0)
        return data;
    json_decref(data);
    return NULL;
}

/* New text, or NULL when it is not there or is not base64. */
static char *get(const json_t *data, const char *name)
{
    const char *text = json_string_value(json_object_get(data, name));
    scoped(buf_done) struct buf decoded = {.max = PEM_MAX_BYTES};

    if (!text || base64_decode(&decoded, text, strlen(text)) < 0 || !decoded.len ||
        strlen(decoded.data) != decoded.len)
        return NULL;
    return buf_take(&decoded, NULL);
}

static int get_pair(const json_t *data, const char *ca_name, const char *cert_name,
                    const char *key_name, struct pair *ret, struct err *err)
{
    scoped(free_at) char *ca = get(data, ca_name), *cert = get(data, cert_name);
    char *key = get(data, key_name);
    int r = ca && cert && key
                ? pair_read(ca, cert, key, ret, err)
                : err_set(err, -EINVAL, "%s, %s or %s is missing", ca_name, cert_name, key_name);

    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
    return r;
}

int keyring_from_data(const json_t *data, struct keyring *ret, struct err *err)
{
    struct keyring k = {0};
    int r = get_pair(data, "ca.crt", "tls.crt", "tls.key", &k.current, err);

    if (r < 0)
        return r;
    (void)get_pair(data, "next-ca.crt", "next-tls.crt", "next-tls.key", &k.next, NULL);
    k.previous_ca_pem = get(data, "previous-ca.crt");
    if (k.previous_ca_pem && pair_certificate_end(k.previous_ca_pem, &k.previous_expires_s) < 0)
        keyring_forget(&k);
    *ret = k;
    return 0;
}
