// SPDX-License-Identifier: MIT
/* Whom the gate believes, by what the cluster's ConfigMap and the files of flags say. */
#include "authority.h"
#include "files.h"
#include "kube_stub.h"

#include "adapter/cluster/authorities.h"

#include <errno.h>
#include <unistd.h>

#define LOOK_AGAIN_NS (10 * NS_PER_S)

static struct certified cluster_ca, file_ca, new_ca;
static json_t *config_map; /* "data"; NULL: there is no such ConfigMap. Guarded by stub.lock */
static struct metrics *metrics;
static struct gate *gate;
static struct authorities authorities;
static char path[40];
static uint64_t now_ns;

static json_t *answer(const char *method, const char *asked, const json_t *body, int *status)
{
    (void)method;
    (void)asked;
    (void)body;
    (void)status;
    return json_pack("{s:{s:s}, s:[o*]}", "metadata", "resourceVersion", "1", "items",
                     config_map ? json_pack("{s:O}", "data", config_map) : NULL);
}

static int start(void **state)
{
    (void)state;
    make_authority(&cluster_ca, "cluster-ca");
    make_authority(&file_ca, "file-ca");
    make_authority(&new_ca, "new-ca");
    config_map = json_pack("{s:s, s:s, s:s}", "requestheader-client-ca-file", cluster_ca.pem,
                           "requestheader-username-headers", "[\"X-Remote-User\"]",
                           "requestheader-group-headers", "[\"X-Remote-Group\"]");
    stub_start(answer);
    metrics = metrics_new();
    gate =
        gate_new(&(struct gate_config){.reviews = {stub.kube, stub.kube, stub.fetcher, metrics}});
    assert_non_null(gate);
    strcpy(path, "/tmp/swell-authorities-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    now_ns = 1;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    stub_stop();
    gate_free(gate);
    authorities_done(&authorities);
    metrics_free(metrics);
    json_decref(config_map);
    certified_done(&cluster_ca);
    certified_done(&file_ca);
    certified_done(&new_ca);
    (void)unlink(path);
    return 0;
}

static void begin(const struct cluster_options *options)
{
    struct err err = {0};

    if (authorities_start(&authorities, stub.kube, gate, options, metrics, &err) < 0)
        fail_msg("%s", err.text);
}

static bool are_known(void)
{
    return authorities.known;
}

/* Does the gate believe a front proxy that this one has certified? */
static bool believes(struct certified *by)
{
    static const struct http_pair masters[] = {{"X-Remote-User", "root"},
                                               {"X-Remote-Group", "system:masters"}};
    struct certified own = {0};
    struct http_reply reply = {0};

    certify(&own, &(struct subject){.common_name = "proxy"}, by);
    const struct http_bytes chain = bytes_of(&own);
    const struct http_request r = {.method = "GET",
                                   .path = "/x",
                                   .headers = masters,
                                   .header_count = ARRAY_LEN(masters),
                                   .peer = &chain,
                                   .peer_count = 1};
    bool in = gate_admit(gate, &r, &reply);
    http_reply_done(&reply);
    certified_done(&own);
    return in;
}

static void look_at_files(void)
{
    now_ns += LOOK_AGAIN_NS;
    (void)authorities_run(&authorities, now_ns);
}

static bool is_refused(const char *from)
{
    char line[200];
    scoped(buf_done) struct buf text = {.max = 64 * KIB};

    (void)snprintf(line, sizeof(line), "swell_adapter_authorities_refused{from=\"%s\"} 1", from);
    assert_int_equal(metrics_write(metrics, METRICS_TEXT, &text), 0);
    return strstr(text.data, line);
}

static bool config_map_is_refused(void)
{
    return is_refused("configmap");
}

static void the_clusters_are_believed_once_they_are_known(void **state)
{
    (void)state;
    begin(&(struct cluster_options){0});
    assert_false(believes(&cluster_ca));
    stub_until("the ConfigMap", are_known, NULL);
    assert_true(believes(&cluster_ca));
    assert_false(believes(&file_ca));
}

static void a_config_map_that_cannot_be_used_is_told_and_trusted_in_nothing(void **state)
{
    (void)state;
    json_object_set_new(config_map, "requestheader-allowed-names", json_string("["));
    begin(&(struct cluster_options){0});
    stub_until("the refusal", config_map_is_refused, NULL);
    assert_false(authorities.known);
    assert_false(believes(&cluster_ca));
}

static void a_flags_file_takes_the_clusters_place_and_is_read_again(void **state)
{
    (void)state;
    write_file(path, file_ca.pem);
    begin(&(struct cluster_options){.front_proxy_ca_file = path});
    stub_until("the ConfigMap", are_known, NULL);
    assert_true(believes(&file_ca));
    assert_false(believes(&cluster_ca));

    write_file(path, new_ca.pem);
    assert_true(authorities_run(&authorities, now_ns) > 0);
    look_at_files();
    assert_true(believes(&new_ca));
    assert_false(believes(&file_ca));
}

static void a_bad_file_changes_nothing_until_it_is_good_again(void **state)
{
    (void)state;
    write_file(path, file_ca.pem);
    begin(&(struct cluster_options){.front_proxy_ca_file = path});
    stub_until("the ConfigMap", are_known, NULL);
    assert_false(is_refused("requestheader-client-ca-file"));
    for (const char *const *bad = (const char *const[]){"nonsense", "", NULL}; *bad; bad++) {
        write_file(path, *bad);
        look_at_files();
        assert_true(is_refused("requestheader-client-ca-file"));
        assert_true(believes(&file_ca));
    }
    write_file(path, file_ca.pem); /* as it was before */
    look_at_files();
    assert_false(is_refused("requestheader-client-ca-file"));
    assert_true(believes(&file_ca));
}

static void a_file_that_was_away_for_a_while_is_no_longer_complained_about(void **state)
{
    (void)state;
    write_file(path, file_ca.pem);
    begin(&(struct cluster_options){.client_ca_file = path});
    (void)unlink(path);
    look_at_files();
    assert_true(is_refused("client-ca-file"));
    write_file(path, file_ca.pem);
    look_at_files();
    assert_false(is_refused("client-ca-file"));
}

static void flags_that_cannot_be_are_an_error_at_the_start(void **state)
{
    struct err err = {0};
    (void)state;

    write_file(path, "nonsense");
    assert_true(authorities_start(&authorities, stub.kube, gate,
                                  &(struct cluster_options){.client_ca_file = path}, metrics,
                                  &err) < 0);
    assert_non_null(strstr(err.text, "client-ca-file"));
    authorities_done(&authorities);
    assert_true(authorities_start(&authorities, stub.kube, gate,
                                  &(struct cluster_options){.client_ca_file = "/nonexistent"},
                                  metrics, &err) < 0);
    assert_non_null(strstr(err.text, "/nonexistent"));
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(the_clusters_are_believed_once_they_are_known),
        each(a_config_map_that_cannot_be_used_is_told_and_trusted_in_nothing),
        each(a_flags_file_takes_the_clusters_place_and_is_read_again),
        each(a_bad_file_changes_nothing_until_it_is_good_again),
        each(a_file_that_was_away_for_a_while_is_no_longer_complained_about),
        each(flags_that_cannot_be_are_an_error_at_the_start),
    };
    return cmocka_run_group_tests_name("authorities", tests, NULL, NULL);
}
