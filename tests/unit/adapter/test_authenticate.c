// SPDX-License-Identifier: MIT
/* Who is believed: decisions only, with certificates as bytes. The same over real connections is in
 * tests/process/identities.py. */
#include "authority.h"

#include "adapter/auth/authenticate.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>

static struct certified front, client, strange, below;
static struct trust *trust;
static struct peers *peers;

static json_t *config_map(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "requestheader-client-ca-file",
                     front.pem, "client-ca-file", client.pem, "requestheader-allowed-names",
                     "[\"proxy\"]", "requestheader-username-headers", "[\"X-Remote-User\"]",
                     "requestheader-group-headers", "[\"X-Remote-Group\"]",
                     "requestheader-uid-headers", "[\"X-Remote-Uid\"]",
                     "requestheader-extra-headers-prefix", "[\"X-Remote-Extra-\"]");
}

static int start(void **state)
{
    json_auto_t *data;
    struct err err = {0};
    (void)state;

    make_authority(&front, "front-ca");
    make_authority(&client, "client-ca");
    make_authority(&strange, "strange-ca");
    certify(&below, &(struct subject){.common_name = "front-below", .authority = true}, &front);
    data = config_map();
    if (trust_new(&trust, data, &err) < 0)
        fail_msg("%s", err.text);
    peers = peers_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    peers_free(peers);
    trust_unref(trust);
    certified_done(&front);
    certified_done(&client);
    certified_done(&strange);
    certified_done(&below);
    return 0;
}

struct shown { /* what a client shows */
    struct subject subject;
    struct certified *by, *between;
    struct http_pair headers[6]; /* ends with an empty name */
};

#define CLIENT GNUTLS_KP_TLS_WWW_CLIENT
#define FOR_ALICE                                                                                  \
    {                                                                                              \
        {"x-remote-user", "alice"}, {"X-Remote-Group", "g1"},                                      \
        {                                                                                          \
            "X-REMOTE-GROUP", "g2,g3"                                                              \
        }                                                                                          \
    }

static enum authentication ask(const struct shown *s, struct identity *ret)
{
    struct certified own = {0};
    struct http_request r = {.headers = s->headers};
    struct http_bytes chain[2];
    const char *token = NULL;
    struct err err = {0};

    while (r.header_count < 6 && s->headers[r.header_count].name)
        r.header_count++;
    if (s->by) {
        certify(&own, &s->subject, s->between ? s->between : s->by);
        chain[0] = bytes_of(&own);
        if (s->between)
            chain[1] = bytes_of(s->between);
        r.peer = chain;
        r.peer_count = s->between ? 2 : 1;
    }
    enum authentication a = authenticate(peers, trust, &r, time(NULL), ret, &token, &err);
    if (s->by && a == AUTH_KNOWN) { /* remembered, it is the same */
        struct identity again = {0};
        assert_int_equal(authenticate(peers, trust, &r, time(NULL), &again, &token, &err), a);
        assert_string_equal(again.user, ret->user);
        assert_int_equal(again.group_count, ret->group_count);
        identity_done(&again);
    }
    if (s->by)
        certified_done(&own);
    return a;
}

static void everybody_is_who_they_can_prove_to_be(void **state)
{
    static const struct {
        struct shown shown;
        enum authentication result;
        const char *user; /* NULL: nobody */
    } cases[] = {
        {{{.common_name = "proxy", .usage = CLIENT}, &front, NULL, FOR_ALICE}, AUTH_KNOWN, "alice"},
        {{{.common_name = "proxy"}, &front, NULL, FOR_ALICE}, AUTH_KNOWN, "alice"},
        {{{.common_name = "proxy", .usage = CLIENT}, &front, &below, FOR_ALICE},
         AUTH_KNOWN,
         "alice"},
        {{{.common_name = "proxy", .usage = CLIENT}, &front, NULL, {{0}}}, AUTH_REFUSED, NULL},
        {{{.common_name = "other", .usage = CLIENT}, &front, NULL, FOR_ALICE}, AUTH_REFUSED, NULL},
        {{{.common_name = "proxy", .usage = GNUTLS_KP_TLS_WWW_SERVER}, &front, NULL, FOR_ALICE},
         AUTH_REFUSED,
         NULL},
        {{{.common_name = "proxy", .until_s = -30}, &front, NULL, FOR_ALICE}, AUTH_REFUSED, NULL},
        {{{.common_name = "proxy", .from_s = 3600}, &front, NULL, FOR_ALICE}, AUTH_REFUSED, NULL},
        {{{.common_name = "proxy"}, &strange, NULL, FOR_ALICE}, AUTH_REFUSED, NULL},
        {{{.common_name = "proxy", .second_common_name = "other"}, &front, NULL, FOR_ALICE},
         AUTH_REFUSED,
         NULL},
        {{{.common_name = "proxy"}, &client, NULL, FOR_ALICE}, AUTH_KNOWN, "proxy"},
        {{{.common_name = "bob", .usage = CLIENT}, &client, NULL, {{0}}}, AUTH_KNOWN, "bob"},
        {{{.organisations = {"g"}}, &client, NULL, {{0}}}, AUTH_REFUSED, NULL},
        {{{.common_name = "bob", .until_s = -30}, &client, NULL, {{0}}}, AUTH_REFUSED, NULL},
        {{{.common_name = "bob"}, &strange, NULL, {{0}}}, AUTH_REFUSED, NULL},
        {{{.common_name = "bob"}, &strange, NULL, {{"Authorization", "Bearer t"}}},
         AUTH_TOKEN,
         NULL},
        {{{0}, NULL, NULL, {{"Authorization", "bearer  t"}}}, AUTH_TOKEN, NULL},
        {{{0}, NULL, NULL, {{"Authorization", "Bearer "}}}, AUTH_REFUSED, NULL},
        {{{0}, NULL, NULL, {{"Authorization", "Basic eA=="}}}, AUTH_REFUSED, NULL},
        {{{0}, NULL, NULL, {{0}}}, AUTH_KNOWN, "system:anonymous"},
        {{{0}, NULL, NULL, FOR_ALICE}, AUTH_KNOWN, "system:anonymous"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct identity who = {0};
        enum authentication a = ask(&cases[i].shown, &who);
        if (a != cases[i].result || (cases[i].user && strcmp(who.user, cases[i].user) != 0))
            fail_msg("case %zu: %d as '%s'", i, a, who.user ? who.user : "nobody");
        assert_int_equal(who.user != NULL, cases[i].user != NULL);
        identity_done(&who);
    }
}

static void the_proxy_says_everything_about_somebody(void **state)
{
    const struct shown s = {{.common_name = "proxy"},
                            &front,
                            NULL,
                            {{"X-Remote-User", "alice"},
                             {"X-Remote-Group", "a,b"},
                             {"X-Remote-Group", "c"},
                             {"X-Remote-Uid", "42"},
                             {"X-Remote-Extra-Scopes%2fOf", "one"},
                             {"X-Remote-Extra-Scopes%2fOf", "two"}}};
    struct identity who = {0};
    (void)state;

    assert_int_equal(ask(&s, &who), AUTH_KNOWN);
    json_auto_t *json = identity_to_json(&who);
    scoped(free_at) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "{\"extra\":{\"scopes/of\":[\"one\",\"two\"]},\"groups\":[\"a,b\",\"c\","
                        "\"system:authenticated\"],\"uid\":\"42\",\"user\":\"alice\"}");
    identity_done(&who);
}

static void a_client_is_in_the_groups_of_its_certificate(void **state)
{
    const struct shown s = {
        {.common_name = "bob", .organisations = {"g1", "g2"}}, &client, NULL, {{0}}};
    struct identity who = {0};
    (void)state;

    assert_int_equal(ask(&s, &who), AUTH_KNOWN);
    assert_int_equal(who.group_count, 3);
    assert_true(identity_has_group(&who, "g1"));
    assert_true(identity_has_group(&who, "g2"));
    assert_true(identity_has_group(&who, GROUP_AUTHENTICATED));
    identity_done(&who);
}

static void what_is_remembered_ends_with_the_authority(void **state)
{
    struct certified own = {0};
    struct http_bytes chain;
    struct identity who = {0};
    struct trust *later = NULL;
    json_auto_t *data = config_map();
    (void)state;

    certify(&own, &(struct subject){.common_name = "bob", .until_s = 100}, &client);
    chain = bytes_of(&own);
    assert_int_equal(peers_identify(peers, trust, TRUST_CLIENT, &chain, 1, time(NULL), &who, NULL),
                     0);
    assert_int_equal(json_object_set_new(data, "client-ca-file", json_string(strange.pem)), 0);
    assert_int_equal(trust_new(&later, data, NULL), 0);
    assert_int_equal(peers_identify(peers, later, TRUST_CLIENT, &chain, 1, time(NULL), &who, NULL),
                     -EACCES);
    assert_int_equal(
        peers_identify(peers, trust, TRUST_FRONT_PROXY, &chain, 1, time(NULL), &who, NULL),
        -EACCES);
    trust_unref(later);
    identity_done(&who);
    certified_done(&own);
}

static void nobody_is_believed_before_the_authorities_are_known(void **state)
{
    struct certified own = {0};
    struct http_bytes chain;
    const struct http_pair header = {"X-Remote-User", "alice"};
    struct http_request r = {
        .headers = &header, .header_count = 1, .peer = &chain, .peer_count = 1};
    struct identity who = {0};
    struct err err = {0};
    const char *token;
    (void)state;

    certify(&own, &(struct subject){.common_name = "proxy"}, &front);
    chain = bytes_of(&own);
    assert_int_equal(authenticate(peers, NULL, &r, time(NULL), &who, &token, &err), AUTH_REFUSED);
    assert_non_null(strstr(err.text, "not known yet"));
    certified_done(&own);
}

static void an_empty_list_of_names_allows_all_that_the_authority_signed(void **state)
{
    json_auto_t *data = config_map();
    struct trust *open = NULL;
    (void)state;

    assert_true(trust_allows_name(trust, "proxy"));
    assert_false(trust_allows_name(trust, "Proxy"));
    assert_int_equal(json_object_set_new(data, "requestheader-allowed-names", json_string("[]")),
                     0);
    assert_int_equal(trust_new(&open, data, NULL), 0);
    assert_true(trust_allows_name(open, "anybody"));
    trust_unref(open);
}

static void a_config_map_that_cannot_be_read_is_refused_whole(void **state)
{
    static const struct {
        const char *key, *value;
    } bad[] = {{"client-ca-file", "nonsense"},
               {"requestheader-client-ca-file", "-----BEGIN CERTIFICATE-----"},
               {"requestheader-allowed-names", "proxy"},
               {"requestheader-username-headers", "{}"},
               {"requestheader-group-headers", "[3]"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_auto_t *data = config_map();
        struct trust *t = NULL;
        struct err err = {0};
        assert_int_equal(json_object_set_new(data, bad[i].key, json_string(bad[i].value)), 0);
        assert_int_equal(trust_new(&t, data, &err), -EINVAL);
        assert_non_null(strstr(err.text, bad[i].key));
    }
}

static void impersonation_is_noticed_in_any_case(void **state)
{
    const struct http_pair yes = {"impersonate-user", "x"}, no = {"X-Impersonate-User", "x"};
    (void)state;

    assert_true(wants_impersonation(&(struct http_request){.headers = &yes, .header_count = 1}));
    assert_false(wants_impersonation(&(struct http_request){.headers = &no, .header_count = 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_who_they_can_prove_to_be),
        cmocka_unit_test(the_proxy_says_everything_about_somebody),
        cmocka_unit_test(a_client_is_in_the_groups_of_its_certificate),
        cmocka_unit_test(what_is_remembered_ends_with_the_authority),
        cmocka_unit_test(nobody_is_believed_before_the_authorities_are_known),
        cmocka_unit_test(an_empty_list_of_names_allows_all_that_the_authority_signed),
        cmocka_unit_test(a_config_map_that_cannot_be_read_is_refused_whole),
        cmocka_unit_test(impersonation_is_noticed_in_any_case),
    };
    return cmocka_run_group_tests_name("authenticate", tests, start, stop);
}
