// SPDX-License-Identifier: MIT
#include "lab/loads.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/child.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/loop.h"
#include "lab/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (256 * KIB)

struct load {
    struct loads *all;
    struct load *next;
    char name[64];
    pid_t pid;
    int pidfd, out_fd; /* -1: at its end */
    bool replaced;     /* another load took the name: its reports do not count any more */
    struct buf unread;
};

struct loads {
    struct env *env;
    struct load *first;
};

struct loads *loads_new(struct env *env)
{
    struct loads *l = calloc(1, sizeof(*l));

    if (l)
        l->env = env;
    return l;
}

static void load_free(struct load *load)
{
    struct load **at = &load->all->first;

    while (*at != load)
        at = &(*at)->next;
    *at = load->next;
    if (load->out_fd >= 0) {
        loop_unwatch(load->all->env->loop, load->out_fd);
        (void)close(load->out_fd);
    }
    loop_unwatch(load->all->env->loop, load->pidfd);
    (void)close(load->pidfd);
    buf_done(&load->unread);
    free(load);
}

static void kill_one(struct load *load)
{
    (void)kill(load->pid, SIGKILL);
    (void)child_reap(load->pid);
    load_free(load);
}

void loads_free(struct loads *l)
{
    if (!l)
        return;
    while (l->first)
        kill_one(l->first);
    free(l);
}

static void report(const struct load *load, json_t *status) /* takes status */
{
    const struct env *env = load->all->env;

    if (load->replaced) {
        json_decref(status);
        return;
    }
    json_auto_t *object = json_pack("{s:{s:s, s:s}, s:o}", "metadata", "name", load->name,
                                    "namespace", "default", "status", status);
    (void)store_put(env->store, KIND_LOAD, object);
}

/* What was counted so far stays in the report; only what describes the moment ends. */
static void report_end(const struct load *load)
{
    json_auto_t *last = store_get(load->all->env->store, KIND_LOAD, "default", load->name);
    json_t *status = json_copy(json_object_get(last, "status"));

    if (!status)
        status = json_object();
    (void)json_object_set_new(status, "running", json_false());
    (void)json_object_set_new(status, "rate", json_integer(0));
    (void)json_object_del(status, "p99_ms");
    report(load, status);
}

static void take_line(const struct load *load, const char *line, size_t len)
{
    json_t *progress = json_loadb(line, len, 0, NULL);
    json_t *result = json_object_get(progress, "result");

    if (!json_is_object(progress)) {
        json_decref(progress);
        log_warn("swell-load printed what is not a progress line", LOG_STR("load", load->name));
        return;
    }
    if (result) {
        json_auto_t *last = store_get(load->all->env->store, KIND_LOAD, "default", load->name);
        json_t *status = json_copy(json_object_get(last, "status"));
        status = status ? status : json_object();
        (void)json_object_set(status, "result", result);
        json_decref(progress);
        report(load, status);
        return;
    }
    (void)json_object_set_new(progress, "running", json_true());
    report(load, progress);
}

static void take_lines(struct load *load)
{
    char *end;

    while (load->unread.len && (end = memchr(load->unread.data, '\n', load->unread.len))) {
        size_t len = (size_t)(end - load->unread.data);
        take_line(load, load->unread.data, len);
        buf_consume(&load->unread, len + 1);
    }
}

/* False when there is nothing to read now. */
static bool read_output(struct load *load)
{
    char chunk[16384];
    ssize_t n = read(load->out_fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (n <= 0 || buf_append(&load->unread, chunk, (size_t)n) < 0) {
        loop_unwatch(load->all->env->loop, load->out_fd);
        (void)close(load->out_fd);
        load->out_fd = -1;
        return true;
    }
    take_lines(load);
    return true;
}

static void on_output(void *arg)
{
    (void)read_output(arg);
}

static void on_end(void *arg)
{
    struct load *load = arg;

    while (load->out_fd >= 0 && read_output(load))
        ; /* to the pipe's end, but without waiting for whoever else might hold it open */
    int code = child_reap(load->pid);
    if (code != 0)
        log_warn("load generator failed", LOG_STR("load", load->name), LOG_INT("code", code));
    report_end(load);
    load_free(load);
}

static int watch(struct load *load)
{
    struct loop *loop = load->all->env->loop;
    int r = loop_watch(loop, load->pidfd, on_end, load);

    return r < 0 ? r : loop_watch(loop, load->out_fd, on_output, load);
}

static pid_t launch(struct load *load, const char *const *argv, int write_fd, struct err *err)
{
    char path[4200];
    char *words[40] = {path};
    size_t i = 0;

    for (; argv[i] && i < ARRAY_LEN(words) - 2; i++)
        words[i + 1] = (char *)(uintptr_t)argv[i];
    if (argv[i])
        return err_set(err, -E2BIG, "a load takes at most %zu words", ARRAY_LEN(words) - 2);
    (void)snprintf(path, sizeof(path), "%s/swell-load", load->all->env->images->folder);
    return child_start(&(struct child_spec){.program = path, .argv = words, .stdout_fd = write_fd},
                       &load->pidfd, err);
}

static void replace_name(struct loads *l, const char *name)
{
    for (struct load *load = l->first; load; load = load->next) {
        if (strcmp(load->name, name) != 0)
            continue;
        load->replaced = true;
        (void)kill(load->pid, SIGTERM);
    }
}

int loads_start(struct loads *l, const char *name, const char *const *argv, struct err *err)
{
    struct load *load = calloc(1, sizeof(*load));
    int pipe_fds[2];

    if (!load)
        return err_set(err, -ENOMEM, "out of memory");
    if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
        free(load);
        return err_errno(err, errno, "cannot start the load");
    }
    replace_name(l, name);
    *load = (struct load){.all = l, .out_fd = pipe_fds[0], .unread = {.max = LINE_MAX_BYTES}};
    (void)snprintf(load->name, sizeof(load->name), "%s", name);
    load->pid = launch(load, argv, pipe_fds[1], err);
    (void)close(pipe_fds[1]);
    if (load->pid < 0) {
        int r = load->pid;
        (void)close(pipe_fds[0]);
        free(load);
        return r;
    }
    load->next = l->first;
    l->first = load;
    (void)fcntl(load->out_fd, F_SETFL, O_NONBLOCK);
    int r = watch(load);
    if (r < 0) {
        kill_one(load);
        return err_errno(err, -r, "cannot watch the load");
    }
    return 0;
}

void loads_stop(struct loads *l, const char *name)
{
    for (struct load *load = l->first; load; load = load->next)
        if (!name || strcmp(load->name, name) == 0)
            (void)kill(load->pid, SIGTERM);
}

bool loads_running(const struct loads *l)
{
    return l->first != NULL;
}
