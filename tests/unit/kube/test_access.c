// SPDX-License-Identifier: MIT
#include "files.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
#define CONTEXT                                                                                    \
    "contexts: [{name: other, context: {}}, {name: c, context: {cluster: k, user: u}}]\n"
#define CLUSTER(more) "clusters: [{name: k, cluster: {server: \"https://h:6443/\"" more "}}]\n"
#define USER(inside) "users: [{name: x, user: {}}, {name: u, user: {" inside "}}]\n"

static struct kube_access a;
static struct err err;

static int start(void **state)
{
    (void)state;
    a = (struct kube_access)KUBE_ACCESS_INIT;
    err = (struct err){0};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kube_access_done(&a);
    return 0;
}

static int parse(const char *text)
{
    return kube_access_parse("/etc/conf/kube", text, strlen(text), &a, &err);
}

static void the_current_context_counts(void **state)
{
    (void)state;
    assert_int_equal(parse(HEAD CONTEXT CLUSTER("") USER("token: secret")), 0);
    assert_string_equal(a.server, "https://h:6443");
    assert_string_equal(a.namespace, "default");
    assert_string_equal(a.token, "secret");
    assert_null(a.ca_file);
    assert_false(a.insecure_skip_verify);
}

static void names_of_files_are_relative_to_it(void **state)
{
    (void)state;
    assert_int_equal(parse(HEAD CONTEXT CLUSTER(", certificate-authority: ca.crt")
                               USER("client-certificate: ../me.crt, client-key: /abs/me.key,"
                                    "token: ignored, tokenFile: t")),
                     0);
    assert_string_equal(a.ca_file, "/etc/conf/ca.crt");
    assert_string_equal(a.cert_file, "/etc/conf/../me.crt");
    assert_string_equal(a.key_file, "/abs/me.key");
    assert_string_equal(a.token_file, "/etc/conf/t");
    assert_null(a.token);
}

static void inline_data_wins_and_can_be_read_by_name(void **state)
{
    scoped(buf_done) struct buf b = {.max = 100};
    (void)state;

    assert_int_equal(parse(HEAD CONTEXT CLUSTER(", certificate-authority: ca.crt,"
                                                "certificate-authority-data: Zm9vYmFy")
                               USER("client-certificate-data: Zg==, client-key-data: Zm8=")),
                     0);
    assert_int_equal(buf_read_file(&b, a.ca_file, &err), 0);
    assert_string_equal(b.data, "foobar");
    assert_int_equal(buf_read_file(&b, a.key_file, &err), 0);
    assert_string_equal(b.data, "foobarfo");
}

static void only_who_says_so_skips_verification(void **state)
{
    (void)state;
    assert_int_equal(parse(HEAD CONTEXT CLUSTER(", insecure-skip-tls-verify: true") USER("")), 0);
    assert_true(a.insecure_skip_verify);
}

static void refuses_with_a_sentence(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"a: [", "/etc/conf/kube:"},
        {"", "one document"},
        {CONTEXT CLUSTER("") USER(""), "no current-context"},
        {HEAD CLUSTER("") USER(""), "no context 'c'"},
        {HEAD CONTEXT USER(""), "no cluster 'k'"},
        {HEAD CONTEXT CLUSTER(""), "no user 'u'"},
        {HEAD CONTEXT CLUSTER("") USER("exec: {command: aws}"), "exec would run a program"},
        {HEAD CONTEXT CLUSTER("") USER("auth-provider: {name: gcp}"), "auth-provider would run"},
        {HEAD CONTEXT CLUSTER("") USER("as: root"), "as (impersonation)"},
        {HEAD CONTEXT CLUSTER("") USER("username: u, password: p"), "basic authentication"},
        {HEAD CONTEXT CLUSTER("") USER("client-key: k"), "need each other"},
        {HEAD CONTEXT CLUSTER("") USER("client-key-data: '!'"), "client-key-data is not base64"},
        {HEAD CONTEXT CLUSTER(", proxy-url: x") USER(""), "proxy-url is not supported"},
        {HEAD CONTEXT CLUSTER(", tls-server-name: x") USER(""), "tls-server-name is not supported"},
        {HEAD CONTEXT CLUSTER(", insecure-skip-tls-verify: true, certificate-authority: c")
             USER(""),
         "exclude each other"},
        {HEAD CONTEXT "clusters: [{name: k, cluster: {server: h}}]\n" USER(""), "https://"},
        {HEAD CONTEXT "clusters: [{name: k, cluster: {}}]\n" USER(""), "no server"},
        {HEAD CONTEXT "clusters: [{name: k, cluster: {server: \"http://h\"}}]\n" USER("token: t"),
         "plain HTTP"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(parse(cases[i].text), -EINVAL);
        if (!strstr(err.text, cases[i].sentence))
            fail_msg("'%s' is not in '%s'", cases[i].sentence, err.text);
        assert_null(a.server);
        assert_null(a.token);
    }
}

static void plain_http_without_a_credential_is_fine(void **state)
{
    (void)state;
    assert_int_equal(parse(HEAD
                           "clusters: [{name: k, cluster: {server: \"http://127.0.0.1:1\"}}]\n"
                           "contexts: [{name: c, context: {cluster: k, namespace: metrics}}]\n"),
                     0);
    assert_string_equal(a.namespace, "metrics");
}

static void a_pod_knows_its_server_by_the_environment(void **state)
{
    char folder[] = "/tmp/swell-account-XXXXXX", path[64];
    (void)state;

    (void)unsetenv("KUBERNETES_SERVICE_HOST");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(kube_access_in_cluster(folder, &a, &err), -ENOENT);
    (void)setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    (void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    (void)snprintf(path, sizeof(path), "%s/namespace", folder);
    write_file(path, "metrics\n");

    assert_int_equal(kube_access_in_cluster(folder, &a, &err), 0);
    assert_string_equal(a.server, "https://[fd00::1]:443");
    assert_string_equal(a.namespace, "metrics");
    assert_memory_equal(a.token_file, folder, strlen(folder));
    assert_memory_equal(a.ca_file, folder, strlen(folder));
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(the_current_context_counts),
        each(names_of_files_are_relative_to_it),
        each(inline_data_wins_and_can_be_read_by_name),
        each(only_who_says_so_skips_verification),
        each(refuses_with_a_sentence),
        each(plain_http_without_a_credential_is_fine),
        each(a_pod_knows_its_server_by_the_environment),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
