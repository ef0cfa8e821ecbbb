// SPDX-License-Identifier: MIT
#include "lab/external.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"
#include "kube/jpath.h"
#include "lab/env.h"
#include "lab/loop.h"
#include "lab/observe.h"
#include "lab/services.h"
#include "lab/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX_BYTES MIB
#define TIMEOUT_NS (10 * NS_PER_S)
#define VALUES_MAX 10000

struct external_ask {
    int64_t fetch;
    external_done_fn *done;
    void *arg;
};

static void read_items(const struct external_ask *ask, const json_t *items)
{
    size_t count = json_array_size(items);
    int64_t *values = calloc(count + 1, sizeof(*values));
    struct err err = {0};
    char error[512] = "";

    if (!values || count > VALUES_MAX)
        (void)snprintf(error, sizeof(error), "the answer has too many items (%zu)", count);
    else if (observe_values(items, values, &err) < 0)
        (void)snprintf(error, sizeof(error), "%s", err.text);
    ask->done(ask->arg, *error ? error : NULL, values, count);
    free(values);
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    scoped(free_at) struct external_ask *ask = arg;
    char error[600];

    if (result < 0) {
        ask->done(ask->arg, err->text, NULL, 0);
        return;
    }
    json_auto_t *answer = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const json_t *items = json_object_get(answer, "items");
    if (status >= 200 && status < 300 && json_is_array(items)) {
        read_items(ask, items);
        return;
    }
    (void)snprintf(error, sizeof(error), "the external metrics API answered %d", status);
    ask->done(ask->arg, jpath_str(answer, "message", error), NULL, 0);
}

/* Where the APIService object says; NULL when none names a Service that is here. */
static char *find_base(const struct env *env, char url[SERVICE_URL_MAX])
{
    json_auto_t *api =
        store_get(env->store, KIND_APISERVICE, "", "v1beta1.external.metrics.k8s.io");

    return service_url(env, jpath_str(api, "spec.service.namespace", "default"),
                       jpath_str(api, "spec.service.name", ""), url);
}

struct external_ask *external_ask(const struct env *env, const struct external_query *q,
                                  external_done_fn *done, void *arg)
{
    scoped(buf_done) struct buf url = {.max = 16 * KIB};
    struct external_ask *ask = calloc(1, sizeof(*ask));
    char base[SERVICE_URL_MAX];

    if (!find_base(env, base) || !ask) {
        free(ask);
        done(arg, "no APIService v1beta1.external.metrics.k8s.io: nobody serves external metrics",
             NULL, 0);
        return NULL;
    }
    *ask = (struct external_ask){.done = done, .arg = arg};
    (void)buf_printf(&url, "%s/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/", base, q->ns);
    (void)urltext_path(&url, q->metric);
    (void)urltext_query(&url, "labelSelector", q->selector);
    const struct http_call call = {.url = url.data, .timeout_ns = TIMEOUT_NS};
    ask->fetch = fetcher_start(loop_fetcher(env->loop), &call, ANSWER_MAX_BYTES, on_answer, ask);
    if (ask->fetch > 0)
        return ask;
    free(ask);
    done(arg, "out of memory", NULL, 0);
    return NULL;
}

void external_cancel(const struct env *env, struct external_ask *ask)
{
    if (!ask)
        return;
    fetcher_cancel(loop_fetcher(env->loop), ask->fetch);
    free(ask);
}
