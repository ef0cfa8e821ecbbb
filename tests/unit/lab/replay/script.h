// SPDX-License-Identifier: MIT
/* script: scenarios for tests, from JSON with ' for ". The text must live as long. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "base/err.h"
#include "lab/replay/book.h"
#include "lab/replay/client.h"
#include "lab/replay/scenario.h"

#include <stdlib.h>
#include <string.h>

#define HPA_OF_WEB                                                                                 \
    "'hpa':{'metadata':{'name':'web'},'spec':{'maxReplicas':10,'scaleTargetRef':{'apiVersion':"    \
    "'apps/v1','kind':'Deployment','name':'web'},'metrics':[{'type':'External','external':{"       \
    "'metric':{'name':'q'},'target':{'type':'AverageValue','averageValue':'1'}}}]}}"
#define SCALE_OF_WEB "/apis/apps/v1/namespaces/default/deployments/web/scale"
#define SCALE_WITH_2                                                                               \
    "{'kind':'Scale','apiVersion':'autoscaling/v1','metadata':{'name':'web'},'spec':{"             \
    "'replicas':2},'status':{'replicas':2,'selector':'app=web'}}"
#define Q_OF_DEFAULT "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/q"
#define Q_IS(value) "{'items':[{'metricName':'q','value':'" value "'}]}"

/* A scenario of one HPA (HPA_OF_WEB) with these steps. */
#define WITH_STEPS(steps) "{" HPA_OF_WEB ",'steps':[" steps "]}"
#define STEP(second, responses)                                                                    \
    "{'time':'2026-01-01T00:00:" second "Z','responses':{" responses "}}"

/* New; free() it. */
static inline char *quoted(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

struct script { /* a scenario and the text that it is in */
    char *text;
    struct scenario *scenario;
};

static inline struct script script_new(const char *text)
{
    struct script s = {.text = quoted(text)};
    struct err err = {0};

    if (scenario_parse((struct json_text){s.text, strlen(s.text)}, &s.scenario, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return s;
}

static inline void script_free(struct script *s)
{
    scenario_free(s->scenario);
    free(s->text);
}

struct asking { /* a client, and the server that it talks to in the first step of a script */
    struct script script;
    struct client client;
};

static inline struct asking asking_new(const char *responses)
{
    struct asking a = {.client.key.max = 4096, .client.book = book_new()};
    char text[8192];

    (void)snprintf(text, sizeof(text), WITH_STEPS(STEP("15", "%s")), responses);
    a.script = script_new(text);
    assert_int_equal(book_turn(a.client.book, &a.script.scenario->steps[0]), 0);
    return a;
}

static inline void asking_free(struct asking *a)
{
    book_free(a->client.book);
    buf_done(&a->client.key);
    texts_done(&a->client.decoder.texts);
    script_free(&a->script);
}

#endif
