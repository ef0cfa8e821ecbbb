// SPDX-License-Identifier: MIT
#include "lab/pods.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/block.h"
#include "lab/child.h"
#include "lab/container.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/events.h"
#include "lab/probe.h"
#include "lab/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kubelet's back-off for a container that keeps ending, in control time. */
#define BACKOFF_FIRST_NS (10 * NS_PER_S)
#define BACKOFF_MAX_NS (300 * NS_PER_S)
#define BACKOFF_FORGET_NS (600 * NS_PER_S) /* after running that long the next end is the first */
#define GRACE_MAX_S 86400

struct pod {
    struct pods *all;
    struct pod *next;
    json_t *object;        /* as it stands in the store, ours to change and put again */
    const char *ns, *name; /* borrowed from object's metadata, which keeps them */
    char ip[BLOCK_ADDRESS_MAX];
    struct container container;
    struct cpu_group *group;
    pid_t pid; /* 0: not running */
    int pidfd;
    uint64_t started_ns; /* control time of the last start */
    uint64_t backoff_ns; /* control time; before the next start */
    struct probe readiness, liveness;
    struct loop_timer timer; /* the next start, or the kill */
    bool deleting;
};

struct pods {
    struct env *env;
    struct pod *first;
};

static void start(void *arg);

/* ---- the object ---- */

static void set_member(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *status_of(const struct pod *p)
{
    return json_object_get(p->object, "status");
}

static json_t *container_status(const struct pod *p)
{
    return jpath(p->object, "status.containerStatuses[0]");
}

static json_t *condition(const struct pod *p, const char *type)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(status_of(p), "conditions"), i, row)
        if (strcmp(jpath_str(row, "type", ""), type) == 0)
            return row;
    return NULL;
}

static json_t *now_text(const struct pod *p)
{
    char text[CLOCK_TEXT_MAX];

    return json_string(clock_rfc3339_micro(labclock_now_ns(&p->all->env->clock), text));
}

static void set_condition(struct pod *p, const char *type, bool value)
{
    json_t *row = condition(p, type);
    const char *text = value ? "True" : "False";

    if (strcmp(jpath_str(row, "status", ""), text) == 0)
        return;
    set_member(row, "status", json_string(text));
    set_member(row, "lastTransitionTime", now_text(p));
}

static void publish(struct pod *p)
{
    struct env *env = p->all->env;

    (void)store_put(env->store, KIND_POD, p->object);
    env->changed(env->changed_arg);
}

static struct event_about about(const struct pod *p)
{
    return (struct event_about){KIND_POD, p->ns, p->name};
}

static void set_ready(struct pod *p, bool ready)
{
    set_condition(p, "ContainersReady", ready);
    set_condition(p, "Ready", ready);
    set_member(container_status(p), "ready", json_boolean(ready));
    publish(p);
}

static void set_state(struct pod *p, const char *state, const char *member, json_t *value)
{
    set_member(container_status(p), "state", json_pack("{s:{s:o}}", state, member, value));
}

bool pod_is_ready(const json_t *pod)
{
    size_t i;
    const json_t *row;

    json_array_foreach (jpath(pod, "status.conditions"), i, row)
        if (strcmp(jpath_str(row, "type", ""), "Ready") == 0)
            return strcmp(jpath_str(row, "status", ""), "True") == 0;
    return false;
}

bool pod_is_deleting(const json_t *pod)
{
    return jpath(pod, "metadata.deletionTimestamp") != NULL;
}

long long pod_resource_milli(const json_t *pod_spec, const char *which, const char *resource)
{
    size_t i;
    const json_t *row;
    int64_t sum = 0, milli;

    json_array_foreach (jpath(pod_spec, "containers"), i, row) {
        const json_t *amounts = json_object_get(json_object_get(row, "resources"), which);
        const json_t *value = json_object_get(amounts, resource);
        if (!value && strcmp(which, "requests") == 0) /* the API server's default */
            value = json_object_get(json_object_get(json_object_get(row, "resources"), "limits"),
                                    resource);
        if (!value || quantity_from_json(value, &milli) < 0)
            return -1;
        sum += milli;
    }
    return sum;
}

/* ---- probes ---- */

static void on_readiness(void *arg, bool ok, const char *why)
{
    struct pod *p = arg;

    if (p->deleting || ok == pod_is_ready(p->object))
        return;
    if (!ok)
        event_record(p->all->env, about(p), "Warning", "Unhealthy", "Readiness probe failed: %s",
                     why);
    if (ok) /* so that the page can tell "not yet" from "no longer" */
        set_member(jpath(p->object, "metadata.annotations"), "swell.dev/was-ready",
                   json_string("true"));
    set_ready(p, ok);
}

static void on_liveness(void *arg, bool ok, const char *why)
{
    struct pod *p = arg;

    if (ok || p->deleting || !p->pid)
        return;
    event_record(p->all->env, about(p), "Warning", "Unhealthy", "Liveness probe failed: %s", why);
    event_record(p->all->env, about(p), "Normal", "Killing",
                 "Container failed liveness probe, will be restarted");
    (void)kill(p->pid, SIGKILL);
}

static void start_probes(struct pod *p)
{
    const json_t *container = jpath(p->object, "spec.containers[0]");
    const json_t *readiness = jpath(container, "readinessProbe");
    const json_t *liveness = jpath(container, "livenessProbe");

    if (jpath(liveness, "httpGet"))
        probe_start(&p->liveness, p->all->env, liveness, container, p->ip, false, on_liveness, p);
    if (jpath(readiness, "httpGet"))
        probe_start(&p->readiness, p->all->env, readiness, container, p->ip, true, on_readiness, p);
    else
        set_ready(p, true); /* as in Kubernetes: running is ready */
}

static void stop_probes(struct pod *p)
{
    probe_stop(&p->readiness);
    probe_stop(&p->liveness);
}

/* ---- the process ---- */

/* What a container's first process leaves running ends with it, as in Kubernetes. Its number is
 * still its own: nobody has reaped it. */
static int end_process(struct pod *p)
{
    loop_unwatch(p->all->env->loop, p->pidfd);
    (void)close(p->pidfd);
    (void)kill(-p->pid, SIGKILL);
    int code = child_reap(p->pid);
    p->pid = 0;
    return code;
}

/* A process that even SIGKILL could not end yet is the kernel's from now on. */
static void abandon_process(struct pod *p)
{
    loop_unwatch(p->all->env->loop, p->pidfd);
    (void)close(p->pidfd);
    (void)kill(-p->pid, SIGKILL);
    p->pid = 0;
}

static void forget(struct pod *p)
{
    struct pods *all = p->all;
    struct pod **at = &all->first;

    stop_probes(p);
    if (p->pid)
        abandon_process(p);

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    loop_timer_off(all->env->loop, &p->timer);
    cpu_group_free(p->group);
    block_return_pod(all->env->block, p->ip);
    container_done(&p->container);
    json_decref(p->object);
    free(p);
}

static void remove_pod(struct pod *p)
{
    struct env *env = p->all->env;

    (void)store_delete(env->store, KIND_POD_METRICS, p->ns, p->name);
    (void)store_delete(env->store, KIND_POD, p->ns, p->name);
    forget(p);
    env->changed(env->changed_arg);
}

static void start_later(struct pod *p)
{
    struct env *env = p->all->env;
    uint64_t ran_ns = labclock_now_ns(&env->clock) - p->started_ns;

    if (ran_ns > BACKOFF_FORGET_NS)
        p->backoff_ns = 0;
    uint64_t wait_ns = p->backoff_ns;
    p->backoff_ns = wait_ns == 0 ? BACKOFF_FIRST_NS : wait_ns * 2;
    if (p->backoff_ns > BACKOFF_MAX_NS)
        p->backoff_ns = BACKOFF_MAX_NS;
    if (wait_ns) {
        set_state(p, "waiting", "reason", json_string("CrashLoopBackOff"));
        event_record(env, about(p), "Warning", "BackOff", "Back-off restarting failed container");
    }
    set_member(container_status(p), "restartCount",
               json_integer(jpath_int(container_status(p), "restartCount", 0) + 1));
    publish(p);
    loop_timer_set(env->loop, &p->timer, clock_mono_ns() + labclock_real_ns(&env->clock, wait_ns),
                   start, p);
}

/* The last line of a pod's log says more than its exit code. New, or NULL. */
static char *last_log_line(const struct pod *p)
{
    char text[2048] = "";
    FILE *f = fopen(p->container.log, "re");

    if (!f)
        return NULL;
    (void)fseek(f, -(long)sizeof(text) + 1, SEEK_END);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    (void)fclose(f);
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
    const char *line = strrchr(text, '\n');
    return n ? strdup(line ? line + 1 : text) : NULL;
}

static void report_end(struct pod *p, int code)
{
    char *line = last_log_line(p);

    event_record(p->all->env, about(p), "Warning", "ContainerEnded",
                 "the process ended with code %d%s%s", code, line ? ": " : "", line ? line : "");
    free(line);
}

static void on_exit_of_process(void *arg)
{
    struct pod *p = arg;
    int code = end_process(p);

    stop_probes(p);
    if (p->deleting) {
        remove_pod(p);
        return;
    }
    set_member(container_status(p), "started", json_false());
    set_state(p, "terminated", "exitCode", json_integer(code));
    set_ready(p, false);
    report_end(p, code);
    start_later(p);
}

static int launch(struct pod *p, struct err *err)
{
    struct env *env = p->all->env;

    container_done(&p->container);
    int r = container_prepare(&p->container, env, p->object, err);
    if (r < 0)
        return r;

    const struct child_spec spec = {.program = p->container.program,
                                    .argv = p->container.argv,
                                    .envp = p->container.envp,
                                    .folder = p->container.folder,
                                    .log = p->container.log,
                                    .stdout_fd = -1,
                                    .group = p->group};
    pid_t pid = child_start(&spec, &p->pidfd, err);
    if (pid < 0)
        return pid;
    p->pid = pid;
    r = cpu_group_add(p->group, pid, err);
    if (r == 0) {
        r = loop_watch(env->loop, p->pidfd, on_exit_of_process, p);
        if (r < 0)
            err_errno(err, -r, "cannot watch the process");
    }
    if (r < 0)
        (void)end_process(p);
    return r;
}

/* For a person who wants to kill a pod by hand. */
static void write_pid(struct pod *p)
{
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", (int)p->pid);
    set_member(json_object_get(p->object, "metadata"), "annotations",
               json_pack("{s:s}", "swell.dev/pid", pid));
}

static void start(void *arg)
{
    struct pod *p = arg;
    struct env *env = p->all->env;
    struct err e = {0};

    p->started_ns = labclock_now_ns(&env->clock);
    if (launch(p, &e) < 0) {
        event_record(env, about(p), "Warning", "Failed", "Error: %s", e.text);
        start_later(p);
        return;
    }
    set_member(status_of(p), "phase", json_string("Running"));
    set_member(container_status(p), "started", json_true());
    set_state(p, "running", "startedAt", now_text(p));
    write_pid(p);
    publish(p);
    event_record(env, about(p), "Normal", "Started", "Started container %s",
                 jpath_str(p->object, "spec.containers[0].name", ""));
    start_probes(p);
}

/* ---- create and delete ---- */

static json_t *new_conditions(const json_t *now)
{
    static const char *const types[] = {"PodScheduled", "Initialized", "ContainersReady", "Ready"};
    json_t *rows = json_array();

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        (void)json_array_append_new(rows,
                                    json_pack("{s:s, s:s, s:O}", "type", types[i], "status",
                                              i < 2 ? "True" : "False", "lastTransitionTime", now));
    return rows;
}

static json_t *new_object(struct pod *p, const char *ns, const char *name, const json_t *template,
                          const json_t *owner)
{
    json_t *now = now_text(p);
    json_t *object = json_pack(
        "{s:{s:s, s:s, s:o?}, s:o, s:{s:s, s:s, s:s, s:O, s:o, s:[{s:s, s:s, s:b, s:b, s:i, "
        "s:{}}]}}",
        "metadata", "name", name, "namespace", ns, "labels",
        json_deep_copy(jpath(template, "metadata.labels")), "spec",
        json_deep_copy(jpath(template, "spec")), "status", "phase", "Pending", "podIP", p->ip,
        "hostIP", "127.0.0.1", "startTime", now, "conditions", new_conditions(now),
        "containerStatuses", "name", jpath_str(template, "spec.containers[0].name", ""), "image",
        jpath_str(template, "spec.containers[0].image", ""), "ready", 0, "started", 0,
        "restartCount", 0, "state");

    if (owner && object)
        set_member(json_object_get(object, "metadata"), "ownerReferences",
                   json_pack("[{s:s, s:s, s:s, s:s, s:b}]", "apiVersion",
                             jpath_str(owner, "apiVersion", ""), "kind",
                             jpath_str(owner, "kind", ""), "name",
                             jpath_str(owner, "metadata.name", ""), "uid",
                             jpath_str(owner, "metadata.uid", ""), "controller", 1));
    json_decref(now);
    return object;
}

static uint32_t cpu_milli(const struct pod *p, const char *which)
{
    long long milli = pod_resource_milli(jpath(p->object, "spec"), which, "cpu");

    return milli > 0 && milli < UINT32_MAX ? (uint32_t)milli : 0;
}

/* Takes what it needs from the lab; forget() gives it back, also from a half-built pod. */
static int furnish(struct pod *p, const char *ns, const char *name, const json_t *template,
                   const json_t *owner, struct err *err)
{
    int r = block_take_pod(p->all->env->block, p->ip, err);

    if (r < 0)
        return r;
    p->object = new_object(p, ns, name, template, owner);
    if (!p->object)
        return err_set(err, -ENOMEM, "out of memory");
    p->ns = jpath_str(p->object, "metadata.namespace", "");
    p->name = jpath_str(p->object, "metadata.name", "");
    return cpu_group_new(p->all->env->cpu, name, cpu_milli(p, "limits"), cpu_milli(p, "requests"),
                         &p->group, err);
}

int pods_create(struct pods *pods, const char *ns, const char *name, const json_t *template,
                const json_t *owner, struct err *err)
{
    struct pod *p = calloc(1, sizeof(*p));

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    p->all = pods;
    p->next = pods->first;
    pods->first = p;
    int r = furnish(p, ns, name, template, owner, err);
    if (r < 0) {
        forget(p);
        return r;
    }
    publish(p);
    start(p);
    return 0;
}

static void kill_now(void *arg)
{
    struct pod *p = arg;

    if (p->pid)
        (void)kill(p->pid, SIGKILL);
}

/* The API server refuses a negative one and the kubelet takes it for 1 s. */
static uint64_t grace_ns(const struct pod *p)
{
    int64_t grace_s = jpath_int(p->object, "spec.terminationGracePeriodSeconds", 30);

    if (grace_s < 0)
        grace_s = 1;
    return (uint64_t)(grace_s < GRACE_MAX_S ? grace_s : GRACE_MAX_S) * NS_PER_S;
}

static void stop(struct pod *p)
{
    struct env *env = p->all->env;

    if (p->deleting)
        return;
    p->deleting = true;
    stop_probes(p);
    loop_timer_off(env->loop, &p->timer);
    set_member(json_object_get(p->object, "metadata"), "deletionTimestamp", now_text(p));
    set_ready(p, false);
    if (!p->pid) {
        remove_pod(p);
        return;
    }
    (void)kill(p->pid, SIGTERM);
    loop_timer_set(env->loop, &p->timer, clock_mono_ns() + grace_ns(p), kill_now, p);
}

void pods_delete(struct pods *pods, const char *ns, const char *name)
{
    for (struct pod *p = pods->first; p; p = p->next) {
        if (strcmp(p->ns, ns) == 0 && strcmp(p->name, name) == 0) {
            event_record(pods->env, about(p), "Normal", "Killing", "Stopping container %s",
                         jpath_str(p->object, "spec.containers[0].name", ""));
            stop(p);
            return;
        }
    }
}

void pods_delete_all(struct pods *pods)
{
    for (struct pod *next, *p = pods->first; p; p = next) {
        next = p->next;
        stop(p);
    }
}

void pods_kill_all(struct pods *pods)
{
    for (struct pod *p = pods->first; p; p = p->next)
        kill_now(p);
}

size_t pods_count(const struct pods *pods)
{
    size_t count = 0;

    for (const struct pod *p = pods->first; p; p = p->next)
        count++;
    return count;
}

void pods_each_running(struct pods *pods,
                       void (*fn)(void *arg, const json_t *pod, struct cpu_group *group), void *arg)
{
    for (struct pod *p = pods->first; p; p = p->next)
        if (p->pid)
            fn(arg, p->object, p->group);
}

struct pods *pods_new(struct env *env)
{
    struct pods *pods = calloc(1, sizeof(*pods));

    if (pods)
        pods->env = env;
    return pods;
}

void pods_free(struct pods *pods)
{
    if (!pods)
        return;
    while (pods->first)
        forget(pods->first);
    free(pods);
}
