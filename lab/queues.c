// SPDX-License-Identifier: MIT
#include "lab/queues.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "lab/env.h"
#include "lab/loop.h"
#include "lab/services.h"
#include "lab/store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define INTERVAL_NS (NS_PER_S / 2)
#define TIMEOUT_NS (2 * NS_PER_S)

struct queues {
    struct env *env;
    const char *service, *name;
    struct loop_timer timer;
    int64_t fetch; /* under way, or 0 */
    bool fetch_is_new_enough, fresh;
};

static void ask(void *arg);
static void ask_later(struct queues *q);

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    struct queues *q = arg;
    json_t *numbers =
        result == 0 && status == 200 ? json_loadb(body->data, body->len, 0, NULL) : NULL;

    (void)err;
    q->fetch = 0;
    if (numbers) {
        json_auto_t *object = json_pack("{s:{s:s, s:s}, s:o}", "metadata", "name", q->name,
                                        "namespace", "default", "status", numbers);
        (void)store_put(q->env->store, KIND_QUEUE, object);
        q->fresh = q->fetch_is_new_enough;
    }
    ask_later(q);
}

static void ask_later(struct queues *q)
{
    loop_timer_set(q->env->loop, &q->timer, clock_mono_ns() + INTERVAL_NS, ask, q);
}

static void ask(void *arg)
{
    struct queues *q = arg;
    char base[SERVICE_URL_MAX], url[512];

    if (!service_url(q->env, "default", q->service, base)) {
        ask_later(q);
        return;
    }
    (void)snprintf(url, sizeof(url), "%s/queues/%s", base, q->name);
    const struct http_call call = {.url = url, .timeout_ns = TIMEOUT_NS};
    q->fetch = fetcher_start(loop_fetcher(q->env->loop), &call, 64 * KIB, on_answer, q);
    q->fetch_is_new_enough = true;
    if (q->fetch < 0)
        ask_later(q);
}

void queues_refresh(struct queues *q)
{
    q->fresh = false;
    q->fetch_is_new_enough = false; /* the one under way may have been answered before this */
}

bool queues_is_fresh(const struct queues *q)
{
    return q->fresh;
}

struct queues *queues_new(struct env *env, const char *service, const char *name)
{
    struct queues *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    *q = (struct queues){.env = env, .service = service, .name = name};
    if (service)
        ask(q);
    return q;
}

void queues_free(struct queues *q)
{
    if (!q)
        return;
    loop_timer_off(q->env->loop, &q->timer);
    if (q->fetch > 0)
        fetcher_cancel(loop_fetcher(q->env->loop), q->fetch);
    free(q);
}
