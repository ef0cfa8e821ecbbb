// SPDX-License-Identifier: MIT
#include "lab/probe.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/jpath.h"
#include "lab/env.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX_BYTES ((size_t)10 * 1024) /* the kubelet reads as much of a probe's body */

/* A pod that was never ready is asked this often, in real time, whatever its period: a lesson on
 * autoscaling should not wait ten seconds for a process that was ready after twenty milliseconds.
 */
#define HASTY_PERIOD_NS (50 * NS_PER_MS)

static void ask(void *arg);

unsigned probe_port(const json_t *port, const json_t *container)
{
    size_t i;
    const json_t *row;

    if (json_is_integer(port))
        return (unsigned)json_integer_value(port);
    json_array_foreach (jpath(container, "ports"), i, row)
        if (json_is_string(port) &&
            strcmp(jpath_str(row, "name", ""), json_string_value(port)) == 0)
            return (unsigned)jpath_int(row, "containerPort", 0);
    return 0;
}

static void again(struct probe *p)
{
    uint64_t period_ns =
        p->hasty && p->period_ns > HASTY_PERIOD_NS ? HASTY_PERIOD_NS : p->period_ns;

    loop_timer_set(p->env->loop, &p->timer, clock_mono_ns() + period_ns, ask, p);
}

static void count(struct probe *p, bool ok, const char *why)
{
    p->successes = ok ? p->successes + 1 : 0;
    p->failures = ok ? 0 : p->failures + 1;
    if (ok)
        p->hasty = false;
    again(p); /* before the callback, which may stop the probe */
    if (ok && p->successes == p->success_threshold)
        p->changed(p->arg, true, why);
    else if (!ok && p->failures == p->failure_threshold)
        p->changed(p->arg, false, why);
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    struct probe *p = arg;
    char why[640];

    (void)body;
    p->fetch = 0;
    if (result < 0)
        (void)snprintf(why, sizeof(why), "Get \"%s\": %s", p->url, err->text);
    else
        (void)snprintf(why, sizeof(why), "HTTP probe of %s answered with statuscode: %d", p->url,
                       status);
    count(p, result == 0 && status >= 200 && status < 400, why);
}

static void ask(void *arg)
{
    struct probe *p = arg;
    const struct http_call call = {
        .url = p->url, .timeout_ns = p->timeout_ns, .headers = {"User-Agent: kube-probe/swell"}};

    p->fetch = fetcher_start(loop_fetcher(p->env->loop), &call, ANSWER_MAX_BYTES, on_answer, p);
    if (p->fetch < 0)
        count(p, false, "out of memory");
}

static uint64_t seconds(const json_t *spec, const char *name, int64_t otherwise)
{
    int64_t value = jpath_int(spec, name, otherwise);

    return (uint64_t)(value > 0 ? value : otherwise) * NS_PER_S;
}

void probe_start(struct probe *p, const struct env *env, const json_t *spec,
                 const json_t *container, const char *pod_ip, bool hasty,
                 void (*changed)(void *arg, bool ok, const char *why), void *arg)
{
    const char *path = jpath_str(spec, "httpGet.path", "/");
    uint64_t delay_ns = labclock_real_ns(&env->clock, seconds(spec, "initialDelaySeconds", 0));

    *p = (struct probe){
        .env = env,
        .period_ns = labclock_real_ns(&env->clock, seconds(spec, "periodSeconds", 10)),
        .timeout_ns = seconds(spec, "timeoutSeconds", 1),
        .failure_threshold = (unsigned)jpath_int(spec, "failureThreshold", 3),
        .success_threshold = (unsigned)jpath_int(spec, "successThreshold", 1),
        .hasty = hasty,
        .changed = changed,
        .arg = arg,
    };
    (void)snprintf(p->url, sizeof(p->url), "http://%s:%u%s%s", pod_ip,
                   probe_port(jpath(spec, "httpGet.port"), container), *path == '/' ? "" : "/",
                   path);
    if (delay_ns < HASTY_PERIOD_NS / 2)
        delay_ns = HASTY_PERIOD_NS / 2; /* a process needs a moment to listen */
    loop_timer_set(env->loop, &p->timer, clock_mono_ns() + delay_ns, ask, p);
}

void probe_stop(struct probe *p)
{
    if (!p->env)
        return;
    loop_timer_off(p->env->loop, &p->timer);
    if (p->fetch > 0)
        fetcher_cancel(loop_fetcher(p->env->loop), p->fetch);
    *p = (struct probe){0};
}
