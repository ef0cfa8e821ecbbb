// SPDX-License-Identifier: MIT
/* What an HTTPS server gets from the cluster module, and when it is ready. */
#include "authority.h"
#include "files.h"
#include "kube_stub.h"

#include "adapter/cluster/cluster.h"
#include "adapter/serving/pair.h"
#include "http/client.h"

#include <errno.h>
#include <unistd.h>

static const char *const names[] = {"localhost"};
static char folder[32], kubeconfig[48], cert_file[64], key_file[64];
static struct pair pair;
static struct certified client_ca;
static bool has_config_map; /* guarded by stub.lock */
static struct service *service;
static struct cluster *cluster;
static struct cluster_options options;
static struct err err;

static json_t *answer(const char *method, const char *path, const json_t *body, int *status)
{
    json_t *config_map =
        has_config_map && strstr(path, "/configmaps")
            ? json_pack("{s:{s:s, s:s}, s:{s:s}}", "metadata", "name", "x", "resourceVersion", "2",
                        "data", "client-ca-file", client_ca.pem)
            : NULL;
    (void)method;
    (void)body;
    (void)status;
    return json_pack("{s:{s:s}, s:[o*]}", "metadata", "resourceVersion", "1", "items", config_map);
}

static void name_files(void)
{
    strcpy(folder, "/tmp/swell-cluster-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(kubeconfig, sizeof(kubeconfig), "%s/kubeconfig", folder);
    (void)snprintf(cert_file, sizeof(cert_file), "%s/apiserver.crt", folder);
    (void)snprintf(key_file, sizeof(key_file), "%s/apiserver.key", folder);
}

static int start(void **state)
{
    char text[400];
    (void)state;

    has_config_map = true;
    make_authority(&client_ca, "client-ca");
    stub_start(answer);
    name_files();
    (void)snprintf(text, sizeof(text),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u,"
                   " namespace: sys}}], clusters: [{name: k, cluster: {server: '%s'}}],"
                   " users: [{name: u, user: {}}]}",
                   stub.access.server);
    write_file(kubeconfig, text);
    assert_int_equal(pair_make(names, 1, time(NULL), DAY_S, &pair, NULL), 0);
    service = service_new("test", "test");
    cluster = NULL;
    err = (struct err){0};
    options = (struct cluster_options){.kubeconfig = kubeconfig,
                                       .service_name = "adapter",
                                       .serving_secret = "pair",
                                       .serving_lifetime_ns = DAY_S * NS_PER_S};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cluster_quiesce(cluster);
    (void)service_stop(service, 0);
    cluster_stop(cluster);
    cluster_free(cluster);
    service_free(service);
    pair_done(&pair);
    certified_done(&client_ca);
    stub_stop();
    (void)unlink(cert_file);
    (void)unlink(key_file);
    (void)unlink(kubeconfig);
    (void)rmdir(folder);
    return 0;
}

static void make(struct http_server_config *ret)
{
    if (cluster_new(&cluster, &options, service, &err) < 0)
        fail_msg("%s", err.text);
    cluster_configure(cluster, ret);
}

static void use_files(void)
{
    write_file(cert_file, pair.cert_pem);
    write_file(key_file, pair.key_pem);
    options.cert_dir = folder;
}

static void its_own_certificate_is_for_its_service(void **state)
{
    struct http_server_config config = {0};
    (void)state;

    make(&config);
    const struct pair own = {.cert_pem = (char *)(uintptr_t)config.tls_cert_pem};
    assert_true(pair_is_for(&own, "adapter.sys.svc")); /* the kubeconfig's namespace */
    assert_false(pair_is_for(&own, "adapter.other.svc"));
    assert_true(config.ask_client_certificate);
    assert_non_null(config.admit);
}

static void files_in_the_folder_are_served(void **state)
{
    struct http_server_config config = {0};
    (void)state;

    use_files();
    make(&config);
    assert_string_equal(config.tls_cert_pem, pair.cert_pem);
    assert_string_equal(config.tls_key_pem, pair.key_pem);
}

static void without_both_files_the_folder_does_not_count(void **state)
{
    struct http_server_config config = {0};
    (void)state;

    use_files();
    (void)unlink(key_file);
    make(&config);
    assert_string_not_equal(config.tls_cert_pem, pair.cert_pem);
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
    (void)state;
    options.cert_file = "/x";
    assert_int_equal(cluster_new(&cluster, &options, service, &err), -EINVAL);
    assert_non_null(strstr(err.text, "--tls-private-key-file"));
    options.key_file = "/nonexistent";
    assert_true(cluster_new(&cluster, &options, service, &err) < 0);
    assert_non_null(strstr(err.text, "/x"));
    options.kubeconfig = "/nonexistent";
    assert_true(cluster_new(&cluster, &options, service, &err) < 0);
    assert_non_null(strstr(err.text, "/nonexistent"));
    assert_null(cluster);
}

/* ---- readiness ---- */

static int ready_status;

static void on_ready_answer(void *arg, int result, int status, const struct buf *body,
                            const struct err *why)
{
    (void)arg;
    (void)body;
    if (result < 0)
        fail_msg("%s", why->text);
    ready_status = status;
}

static bool is_answered(void)
{
    return ready_status != 0;
}

static int ask_ready(void)
{
    char url[64];
    const struct http_call call = {
        .url = url, .insecure_skip_verify = true, .timeout_ns = STUB_PATIENCE_NS};

    ready_status = 0;
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/readyz", service_port(service));
    assert_true(fetcher_start(stub.fetcher, &call, 64 * KIB, on_ready_answer, NULL) > 0);
    stub_until("the answer", is_answered, NULL);
    return ready_status;
}

static bool is_ready(void)
{
    return ask_ready() == 200;
}

static bool list_was_asked_for(void)
{
    return stub_asked("GET /api/v1/namespaces/kube-system/configmaps") > 0;
}

static void serve(void)
{
    struct http_server_config config = {.address = "127.0.0.1"};

    use_files();
    make(&config);
    if (service_start(service, &config, NULL, 0, &err) < 0 || cluster_start(cluster, &err) < 0)
        fail_msg("%s", err.text);
}

static void it_is_ready_once_the_authorities_are_known(void **state)
{
    (void)state;
    serve();
    stub_until("readiness", is_ready, NULL);
}

static void it_is_not_ready_while_there_are_no_authorities(void **state)
{
    (void)state;
    has_config_map = false;
    serve();
    stub_until("the list", list_was_asked_for, NULL);
    assert_int_equal(ask_ready(), 503);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(its_own_certificate_is_for_its_service),
        each(files_in_the_folder_are_served),
        each(without_both_files_the_folder_does_not_count),
        each(what_cannot_be_is_refused_with_a_sentence),
        each(it_is_ready_once_the_authorities_are_known),
        each(it_is_not_ready_while_there_are_no_authorities),
    };
    if (http_client_setup() < 0)
        return 1;
    return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
