// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "http/client.h"
#include "kube/jpath.h"
#include "lab/block.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/loop.h"
#include "lab/pods.h"
#include "lab/sampler.h"
#include "lab/statedir.h"
#include "lab/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct env env;
static struct images images;
static struct pods *pods;
static char dir[] = "/tmp/swell-test-pods-XXXXXX";

static void changed(void *arg)
{
    (void)arg;
}

static int make_lab(void **state)
{
    (void)state;
    (void)strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    images = (struct images){.folder = "/usr/bin"};
    env = (struct env){.images = &images, .changed = changed};
    env.clock = labclock_start(1);
    env.store = store_new(&env.clock);
    if (!mkdtemp(dir) || loop_new(&env.loop, NULL) < 0 || block_new(&env.block, NULL) < 0 ||
        cpu_control_new(CPU_SIGNALS, &env.cpu, NULL) < 0)
        return -1;
    (void)snprintf(env.state_dir, sizeof(env.state_dir), "%s", dir);
    pods = pods_new(&env);
    return pods ? 0 : -1;
}

static bool no_pods(void)
{
    return pods_count(pods) == 0;
}

static void serve_until(bool (*done)(void))
{
    uint64_t until_ns = clock_mono_ns() + 30 * NS_PER_S;

    while (!done() && clock_mono_ns() < until_ns)
        loop_once(env.loop, until_ns);
    assert_true(done());
}

static int free_lab(void **state)
{
    (void)state;
    pods_delete_all(pods);
    pods_kill_all(pods);
    serve_until(no_pods);
    pods_free(pods);
    cpu_control_free(env.cpu);
    block_free(env.block);
    loop_free(env.loop);
    store_free(env.store);
    statedir_remove(dir);
    return 0;
}

static void create(const char *script)
{
    json_auto_t *template = json_pack("{s:{s:{s:s}}, s:{s:[{s:s, s:s, s:[s, s, s]}]}}", "metadata",
                                      "labels", "app", "web", "spec", "containers", "name", "c",
                                      "image", "", "command", "/bin/sh", "-c", script);

    assert_int_equal(pods_create(pods, "default", "web-1", template, NULL, NULL), 0);
}

/* The message of the Pod's event with this reason, or "". */
static const char *told(const char *reason)
{
    static char text[2048];
    json_auto_t *events = store_list(env.store, KIND_EVENT, NULL, NULL);
    const json_t *event;
    size_t i;

    text[0] = '\0';
    json_array_foreach (events, i, event)
        if (strcmp(jpath_str(event, "reason", ""), reason) == 0)
            (void)snprintf(text, sizeof(text), "%s", jpath_str(event, "message", "(none)"));
    return text;
}

static bool ended(void)
{
    return *told("ContainerEnded") != '\0';
}

static bool was_restarted(void)
{
    json_auto_t *pod = store_get(env.store, KIND_POD, "default", "web-1");

    return jpath_int(pod, "status.containerStatuses[0].restartCount", 0) > 0 &&
           jpath(pod, "status.containerStatuses[0].state.running");
}

static void a_pod_runs_until_it_is_deleted(void **state)
{
    (void)state;
    create("exec sleep 1000");
    json_auto_t *pod = store_get(env.store, KIND_POD, "default", "web-1");
    assert_string_equal(jpath_str(pod, "status.phase", ""), "Running");
    assert_true(pod_is_ready(pod));

    pods_delete(pods, "default", "web-1");
    json_auto_t *leaving = store_get(env.store, KIND_POD, "default", "web-1");
    assert_true(pod_is_deleting(leaving));
    assert_false(pod_is_ready(leaving));
    serve_until(no_pods);
    assert_null(store_get(env.store, KIND_POD, "default", "web-1"));
}

static void a_pod_that_ends_says_its_last_words_and_starts_again(void **state)
{
    (void)state;
    create("test -e again && exec sleep 1000; touch again; echo first; echo bad port; exit 3");
    serve_until(ended);
    assert_string_equal(told("ContainerEnded"), "the process ended with code 3: bad port");
    serve_until(was_restarted);
}

static void last_words_that_are_not_utf8_are_told_too(void **state)
{
    (void)state;
    create("printf 'caf\\351 \\303\\251\\n'; exit 1");
    serve_until(ended);
    assert_string_equal(told("ContainerEnded"), "the process ended with code 1: caf? \xc3\xa9");
}

static void what_a_container_leaves_running_ends_with_it(void **state)
{
    char path[100];
    int pid = 0, status = 0;
    (void)state;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* to see the orphan's end */
    create("test -e pid && exec sleep 1000; sleep 1000 & echo $! > pid; exit 0");
    serve_until(ended);
    (void)snprintf(path, sizeof(path), "%s/web-1/pid", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    (void)fclose(f);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_pod_that_cannot_start_says_why(void **state)
{
    json_auto_t *template =
        json_pack("{s:{s:[{s:s, s:s}]}}", "spec", "containers", "name", "c", "image", "nginx");
    (void)state;

    assert_int_equal(pods_create(pods, "default", "web-1", template, NULL, NULL), 0);
    assert_non_null(strstr(told("Failed"), "does not know the image 'nginx'"));
    assert_int_equal(pods_count(pods), 1);
}

static void a_negative_grace_period_is_a_second(void **state)
{
    uint64_t start_ns = clock_mono_ns();
    json_auto_t *template =
        json_pack("{s:{s:i, s:[{s:s, s:[s, s, s]}]}}", "spec", "terminationGracePeriodSeconds", -5,
                  "containers", "name", "c", "command", "/bin/sh", "-c",
                  "trap '' TERM; touch deaf; while :; do sleep 1; done");
    (void)state;

    assert_int_equal(pods_create(pods, "default", "web-1", template, NULL, NULL), 0);
    pods_delete(pods, "default", "web-1");
    serve_until(no_pods);
    assert_true(clock_mono_ns() - start_ns < 20 * NS_PER_S);
}

static bool was_measured(void)
{
    json_auto_t *metrics = store_get(env.store, KIND_POD_METRICS, "default", "web-1");

    return metrics != NULL;
}

static bool was_forgotten(void)
{
    return !was_measured();
}

static void a_pod_that_does_not_run_has_no_metrics(void **state)
{
    struct sampler *sampler;
    (void)state;

    create("while ! test -e end; do sleep 0.05; done; exit 1");
    sampler = sampler_new(&env, pods, 100 * NS_PER_MS);
    assert_non_null(sampler);
    serve_until(was_measured);
    char path[100];
    (void)snprintf(path, sizeof(path), "%s/web-1/end", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fclose(f);
    serve_until(ended);
    serve_until(was_forgotten);
    sampler_free(sampler);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_lab, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pod_runs_until_it_is_deleted),
        TEST(a_pod_that_ends_says_its_last_words_and_starts_again),
        TEST(last_words_that_are_not_utf8_are_told_too),
        TEST(what_a_container_leaves_running_ends_with_it),
        TEST(a_pod_that_cannot_start_says_why),
        TEST(a_negative_grace_period_is_a_second),
        TEST(a_pod_that_does_not_run_has_no_metrics),
    };
    json_object_seed(0);
    http_client_setup();
    log_init(stderr, LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests_name("pods", tests, NULL, NULL);
}
