// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/config.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define HEAD "passThrough:\n  external:\n"
#define URL "    url: https://keda.keda.svc\n"
#define TOKEN "    bearerToken: {file: /token}\n"

static void reads_both_groups_with_their_defaults(void **state)
{
    static const char text[] =
        HEAD URL TOKEN "  custom:\n    url: https://127.0.0.1:8443\n"
                       "    tls: {certFile: a, keyFile: b, insecureSkipVerify: true}\n"
                       "    timeout: 1s\n    discoveryInterval: 10s\n    discoveryMaxAge: 20s\n";
    struct adapter_config c = {0};
    struct err err = {0};
    (void)state;

    if (config_parse("c.yaml", text, strlen(text), &c, &err) < 0)
        fail_msg("%s", err.text);
    const struct pass_through *external = &c.pass_throughs.of[PASS_EXTERNAL];
    const struct pass_through *custom = &c.pass_throughs.of[PASS_CUSTOM];
    assert_string_equal(endpoint_shown_as(external->other), "https://keda.keda.svc");
    assert_int_equal(endpoint_timeout_ns(external->other), 5 * NS_PER_S);
    assert_int_equal(external->interval_ns, 60 * NS_PER_S);
    assert_int_equal(external->max_age_ns, 600 * NS_PER_S);
    assert_int_equal(endpoint_timeout_ns(custom->other), NS_PER_S);
    assert_int_equal(custom->interval_ns, 10 * NS_PER_S);
    assert_int_equal(custom->max_age_ns, 20 * NS_PER_S);
    assert_true(pass_throughs_any(&c.pass_throughs));
    config_done(&c);
}

#define BAD_URL(line)                                                                              \
    "c.yaml:" line ": passThrough.external.url takes https://HOST or "                             \
    "https://HOST:PORT and no more"

static void refuses_what_is_not_safe(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"passThrough: {}\n", "c.yaml:1: passThrough takes external, custom or both"},
        {"passThrough: {resource: {}}\n", "c.yaml:1: there is no field 'resource' in passThrough"},
        {HEAD TOKEN, "c.yaml:3: passThrough.external.url is missing"},
        {HEAD "    url: http://keda\n" TOKEN, BAD_URL("3")},
        {HEAD "    url: https://keda/path\n" TOKEN, BAD_URL("3")},
        {HEAD "    url: https://a:b@keda\n" TOKEN, BAD_URL("3")},
        {HEAD "    url: https://keda?a=b\n" TOKEN, BAD_URL("3")},
        {HEAD URL,
         "c.yaml:3: passThrough.external needs bearerToken, or tls.certFile and keyFile: the other "
         "adapter wants to know who asks"},
        {HEAD URL TOKEN "    tls: {insecureSkipVerify: true}\n",
         "c.yaml:3: passThrough.external.bearerToken would go to whoever answers there: give "
         "tls.caFile instead of insecureSkipVerify, or a client certificate"},
        {HEAD URL TOKEN "    timeout: 31s\n",
         "c.yaml:5: passThrough.external.timeout takes at most 30s"},
        {HEAD URL TOKEN "    discoveryMaxAge: 1m\n",
         "c.yaml:5: passThrough.external.discoveryMaxAge is less than discoveryInterval and "
         "timeout together: a good list would expire"},
        {HEAD URL TOKEN "    headers: {X-Remote-User: root}\n",
         "c.yaml:5: there is no field 'headers' in passThrough.external"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct adapter_config c = {0};
        struct err err = {0};
        assert_int_equal(config_parse("c.yaml", cases[i].text, strlen(cases[i].text), &c, &err),
                         -EINVAL);
        if (strncmp(err.text, cases[i].expected, strlen(cases[i].expected)) != 0)
            fail_msg("%s\n%s", err.text, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_groups_with_their_defaults),
        cmocka_unit_test(refuses_what_is_not_safe),
    };
    return cmocka_run_group_tests_name("config_pass_through", tests, NULL, NULL);
}
