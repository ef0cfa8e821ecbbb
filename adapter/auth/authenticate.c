// SPDX-License-Identifier: MIT
#include "adapter/auth/authenticate.h"

#include "base/err.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool has_prefix(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

bool wants_impersonation(const struct http_request *r)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (has_prefix(r->headers[i].name, "Impersonate-"))
            return true;
    return false;
}

/* ---- the front proxy's headers ---- */

static const char *first_value(const struct trust *t, enum trust_header which,
                               const struct http_request *r)
{
    const char *name;

    for (size_t i = 0; (name = trust_header(t, which, i)); i++) {
        const char *value = http_header(r, name);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* One group a line; a comma is a part of the name. */
static int add_groups(const struct trust *t, const struct http_request *r, struct identity *ret)
{
    const char *name;
    int result = 0;

    for (size_t i = 0; (name = trust_header(t, TRUST_GROUP, i)); i++)
        for (size_t k = 0; k < r->header_count && result == 0; k++)
            if (strcasecmp(r->headers[k].name, name) == 0 && *r->headers[k].value)
                result = identity_add_group(ret, r->headers[k].value);
    return result;
}

static int hex(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* In lower case, and then percent-decoded once, in place. What is no escape stays as it is. */
static void decode_extra_key(char *key)
{
    char *to = key;

    for (char *from = key; *from; from++) {
        int high = *from == '%' ? hex(from[1]) : -1;
        int low = high >= 0 ? hex(from[2]) : -1;
        if (low >= 0 && (high || low)) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = (char)tolower((unsigned char)*from);
        }
    }
    *to = '\0';
}

static int add_extra(const struct trust *t, const struct http_request *r, struct identity *ret)
{
    const char *prefix;
    int result = 0;

    for (size_t i = 0; (prefix = trust_header(t, TRUST_EXTRA_PREFIX, i)); i++) {
        for (size_t k = 0; k < r->header_count && result == 0; k++) {
            if (!has_prefix(r->headers[k].name, prefix))
                continue;
            scoped(free_at) char *key = strdup(r->headers[k].name + strlen(prefix));
            if (!key)
                return -ENOMEM;
            decode_extra_key(key);
            result = identity_add_extra(ret, key, r->headers[k].value);
        }
    }
    return result;
}

/* -ENOENT when it names nobody. */
static int read_headers(const struct trust *t, const struct http_request *r, struct identity *ret)
{
    const char *user = first_value(t, TRUST_USERNAME, r), *uid = first_value(t, TRUST_UID, r);
    int result = user ? identity_set_user(ret, user) : -ENOENT;

    if (result == 0 && uid)
        result = identity_set_uid(ret, uid);
    if (result == 0)
        result = add_groups(t, r, ret);
    return result == 0 ? add_extra(t, r, ret) : result;
}

static int from_front_proxy(struct peers *peers, const struct trust *t,
                            const struct http_request *r, int64_t now_s, struct identity *ret,
                            struct err *err)
{
    struct identity proxy = {0};
    int result =
        peers_identify(peers, t, TRUST_FRONT_PROXY, r->peer, r->peer_count, now_s, &proxy, err);

    if (result == 0 && !trust_allows_name(t, proxy.user))
        result = err_set(err, -EACCES, "the front proxy's certificate may not be called '%.100s'",
                         proxy.user);
    if (result == 0)
        result = read_headers(t, r, ret);
    identity_done(&proxy);
    return result;
}

/* ---- the rest ---- */

static int anonymous(struct identity *ret)
{
    int r = identity_set_user(ret, "system:anonymous");

    return r == 0 ? identity_add_group(ret, "system:unauthenticated") : r;
}

static int from_certificate(struct peers *peers, const struct trust *t,
                            const struct http_request *r, int64_t now_s, struct identity *ret,
                            struct err *err)
{
    struct err why_client = {0};

    if (!t)
        return err_set(err, -EACCES, "the cluster's authorities are not known yet");
    int result = from_front_proxy(peers, t, r, now_s, ret, err);
    if (result == -EACCES || result == -ENOENT) {
        identity_done(ret);
        result =
            peers_identify(peers, t, TRUST_CLIENT, r->peer, r->peer_count, now_s, ret, &why_client);
        if (result < 0)
            (void)err_wrap(err, result, "as a client: %s; as the front proxy", why_client.text);
    }
    if (result == 0 && !identity_has_group(ret, GROUP_AUTHENTICATED))
        result = identity_add_group(ret, GROUP_AUTHENTICATED);
    return result;
}

/* The token, or NULL. *ret_shown: there was something, even if no token. */
static const char *bearer(const struct http_request *r, bool *ret_shown)
{
    const char *value = http_header(r, "Authorization");

    *ret_shown = value;
    if (!value || !has_prefix(value, "Bearer "))
        return NULL;
    value += strlen("Bearer ");
    value += strspn(value, " ");
    return *value ? value : NULL;
}

enum authentication authenticate(struct peers *peers, const struct trust *t,
                                 const struct http_request *r, int64_t now_s, struct identity *ret,
                                 const char **ret_token, struct err *err)
{
    bool shown;
    int result = -EACCES;

    *ret_token = bearer(r, &shown);
    if (r->peer_count)
        result = from_certificate(peers, t, r, now_s, ret, err);
    else if (!shown)
        result = anonymous(ret);
    if (result == 0)
        return AUTH_KNOWN;

    identity_done(ret);
    if (result == -ENOMEM || result == -E2BIG)
        return AUTH_FAILED;
    return *ret_token ? AUTH_TOKEN : AUTH_REFUSED;
}
