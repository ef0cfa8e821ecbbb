// SPDX-License-Identifier: MIT
/* What is stored where, and what is served, by what the API server has. */
#include "kube_stub.h"
#include "shifted_clock.h"

#include "adapter/serving/serving.h"

#include <inttypes.h>

#define SECRETS "/api/v1/namespaces/sys/secrets"
#define SERVICES "/apis/apiregistration.k8s.io/v1/apiservices/"
#define EXTERNAL SERVICES "v1beta1.external.metrics.k8s.io"
#define LIFETIME_NS (90 * 24 * 3600 * NS_PER_S)
#define AGAIN_NS (11 * NS_PER_S) /* APIServices are looked at every ten seconds */

static struct serving *serving;
static char *served; /* the certificate that was told last; NULL: none */
static int told;

/* Guarded by stub.lock. */
static json_t *secret, *api_service; /* NULL: there is none */
static int version;
static bool conflict; /* whoever stores comes too late */

static json_t *list(void)
{
    return json_pack("{s:{s:s}, s:[O*]}", "metadata", "resourceVersion", "1", "items", secret);
}

static json_t *store(const char *method, const json_t *body, int *status)
{
    char text[16];

    if (conflict) {
        *status = 409;
        return NULL;
    }
    json_decref(secret);
    secret = json_deep_copy(body);
    (void)snprintf(text, sizeof(text), "%d", ++version);
    json_object_set_new(json_object_get(secret, "metadata"), "resourceVersion", json_string(text));
    *status = strcmp(method, "POST") == 0 ? 201 : 200;
    return json_incref(secret);
}

static json_t *answer(const char *method, const char *path, const json_t *body, int *status)
{
    bool reads = strcmp(method, "GET") == 0;

    if (strncmp(path, SECRETS, strlen(SECRETS)) == 0)
        return reads ? list() : store(method, body, status);
    if (!api_service || strcmp(path, EXTERNAL) != 0) {
        *status = 404;
        return NULL;
    }
    if (!reads)
        json_object_update_recursive(api_service, (json_t *)(uintptr_t)body);
    return json_incref(api_service);
}

static void on_pair(void *arg, const struct pair *p)
{
    (void)arg;
    free(served);
    served = strdup(p->cert_pem);
    told++;
}

static struct serving *make(void)
{
    const struct serving_config config = {.kube = stub.kube,
                                          .namespace = "sys",
                                          .service = "adapter",
                                          .secret = "pair",
                                          .lifetime_ns = LIFETIME_NS,
                                          .on_pair = on_pair};
    struct serving *s = NULL;
    struct err err = {0};

    if (serving_new(&s, &config, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static int start(void **state)
{
    (void)state;
    told = version = 0;
    conflict = false;
    secret = api_service = NULL;
    stub_start(answer);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    stub_stop();
    serving_free(serving);
    json_decref(secret);
    json_decref(api_service);
    free(served);
    served = NULL;
    return 0;
}

static void run(void)
{
    (void)serving_run(serving);
}

static bool is_stored(void)
{
    return stub_asked("POST " SECRETS) + stub_asked("PATCH " SECRETS "/pair") > 0;
}

static bool is_told(void)
{
    return told > 0;
}

/* What a watch says about the Secret as it is now. */
static void tell_of_secret(void)
{
    pthread_mutex_lock(&stub.lock);
    json_t *now = json_deep_copy(secret);
    pthread_mutex_unlock(&stub.lock);
    stub_tell("ADDED", now);
}

/* A Secret as another replica would have left it. service: for whom its certificate is. */
static void leave_secret(const char *service, struct keyring *ret)
{
    char name[64];
    const char *const names[] = {name};

    (void)snprintf(name, sizeof(name), "%s.sys.svc", service);
    *ret = (struct keyring){0};
    assert_int_equal(pair_make(names, 1, (int64_t)(clock_wall_ns() / NS_PER_S),
                               (int64_t)(LIFETIME_NS / NS_PER_S), &ret->current, NULL),
                     0);
    secret = json_pack("{s:{s:s, s:s}, s:o}", "metadata", "name", "pair", "resourceVersion", "7",
                       "data", keyring_to_data(ret));
}

static void what_it_made_is_stored_and_served_once_the_secret_says_so(void **state)
{
    (void)state;
    serving = make();
    scoped(free_at) char *own = strdup(serving_first(serving)->cert_pem);
    stub_until("the Secret to be stored", is_stored, run);
    stub_until("the watch", stub_is_watched, run);
    assert_int_equal(told, 0);
    tell_of_secret();
    stub_until("the certificate", is_told, run);
    assert_string_equal(served, own);
    assert_int_equal(stub_asked("POST " SECRETS), 1);
}

static void the_one_that_is_there_is_served_and_nothing_stored(void **state)
{
    struct keyring theirs;
    (void)state;

    leave_secret("adapter", &theirs);
    serving = make();
    stub_until("the certificate", is_told, run);
    assert_string_equal(served, theirs.current.cert_pem);
    assert_false(is_stored());
    keyring_done(&theirs);
}

static void one_for_another_service_is_replaced_in_its_very_version(void **state)
{
    struct keyring theirs;
    (void)state;

    leave_secret("other", &theirs);
    serving = make();
    stub_until("the Secret to be stored", is_stored, run);
    assert_int_equal(stub_asked("PATCH " SECRETS "/pair"), 1);
    assert_int_equal(stub_asked("POST " SECRETS), 0);
    pthread_mutex_lock(&stub.lock);
    json_auto_t *data = json_deep_copy(json_object_get(secret, "data"));
    pthread_mutex_unlock(&stub.lock);
    struct keyring now = {0};
    assert_int_equal(keyring_from_data(data, &now, NULL), 0);
    assert_true(pair_is_for(&now.current, "adapter.sys.svc"));
    keyring_done(&now);
    keyring_done(&theirs);
}

static void whoever_stores_too_late_serves_the_others(void **state)
{
    struct keyring theirs;
    (void)state;

    conflict = true;
    serving = make();
    stub_until("the try to store", is_stored, run);
    stub_until("the watch", stub_is_watched, run);
    pthread_mutex_lock(&stub.lock);
    leave_secret("adapter", &theirs);
    pthread_mutex_unlock(&stub.lock);
    tell_of_secret();
    stub_until("the certificate", is_told, run);
    assert_string_equal(served, theirs.current.cert_pem);
    keyring_done(&theirs);
}

/* ---- the APIServices ---- */

static void leave_service(const char *service, bool skips)
{
    api_service =
        json_pack("{s:{s:s}, s:{s:{s:s, s:s}, s:b}}", "metadata", "name", "x", "spec", "service",
                  "name", service, "namespace", "sys", "insecureSkipTLSVerify", skips);
}

static bool was_looked_at(void)
{
    return stub_asked("GET " EXTERNAL) > 0;
}

static bool was_looked_at_again(void)
{
    return stub_asked("GET " EXTERNAL) > 1;
}

static void until_looked_at_twice(void)
{
    stub_until("a look at the APIService", was_looked_at, run);
    clock_go_on(AGAIN_NS);
    stub_until("another one", was_looked_at_again, run);
}

static const char *ca_bundle(void)
{
    return json_string_value(json_object_get(json_object_get(api_service, "spec"), "caBundle"));
}

static void an_apiservice_of_ours_learns_whom_to_trust_once(void **state)
{
    struct keyring theirs;
    (void)state;

    leave_secret("adapter", &theirs);
    leave_service("adapter", false);
    serving = make();
    until_looked_at_twice();
    stub_until("the certificate", is_told, run);
    assert_non_null(ca_bundle());
    assert_int_equal(stub_asked("PATCH " EXTERNAL), 1);
    keyring_done(&theirs);
}

static void one_that_is_not_ours_to_change_is_left_alone(void **state)
{
    struct keyring theirs;
    (void)state;

    for (int skips = 0; skips < 2; skips++) {
        leave_secret("adapter", &theirs);
        leave_service(skips ? "adapter" : "other", skips);
        serving = make();
        until_looked_at_twice();
        assert_int_equal(stub_asked("PATCH " EXTERNAL), 0);
        keyring_done(&theirs);
        if (!skips) {
            (void)stop(state);
            (void)start(state);
        }
    }
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(what_it_made_is_stored_and_served_once_the_secret_says_so),
        each(the_one_that_is_there_is_served_and_nothing_stored),
        each(one_for_another_service_is_replaced_in_its_very_version),
        each(whoever_stores_too_late_serves_the_others),
        each(an_apiservice_of_ours_learns_whom_to_trust_once),
        each(one_that_is_not_ours_to_change_is_left_alone),
    };
    return cmocka_run_group_tests_name("serving", tests, NULL, NULL);
}
