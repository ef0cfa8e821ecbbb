// SPDX-License-Identifier: MIT
/* source_swell: jobs of a swell-workload queue. */
#include "workload/queue_client.h"
#include "workload/source.h"

#include <stdio.h>
#include <stdlib.h>

struct source {
    struct queue_client *client;
    struct queue_client_job job; /* the one taken last */
};

static struct queue_client_config client_config(const struct source_config *config)
{
    return (struct queue_client_config){.url = config->url,
                                        .queue = config->queue,
                                        .worker = config->worker,
                                        .lease_ns = config->lease_ns,
                                        .wait_ns = config->wait_ns};
}

static int check(const struct source_config *config, struct err *err)
{
    const struct queue_client_config client = client_config(config);

    return queue_client_check(&client, err);
}

static void close_source(void *arg)
{
    struct source *s = arg;

    if (!s)
        return;
    queue_client_free(s->client);
    free(s);
}

static void *open_source(const struct source_config *config)
{
    const struct queue_client_config client = client_config(config);
    struct source *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->client = queue_client_new(&client);
    if (!s->client) {
        close_source(s);
        return NULL;
    }
    return s;
}

static int take(void *arg, struct source_job *ret, struct err *err)
{
    struct source *s = arg;
    int r = queue_client_lease(s->client, &s->job, err);

    if (r <= 0)
        return r;
    *ret = (struct source_job){.cpu_ms = s->job.cpu_ms, .age_ns = s->job.age_ns};
    (void)snprintf(ret->id, sizeof(ret->id), "%s", s->job.id);
    return 1;
}

static int extend(void *arg, struct err *err)
{
    struct source *s = arg;

    return queue_client_extend(s->client, &s->job, err);
}

static int done(void *arg, struct err *err)
{
    struct source *s = arg;

    return queue_client_ack(s->client, &s->job, err);
}

static int fail(void *arg, const char *reason, struct err *err)
{
    struct source *s = arg;

    return queue_client_fail(s->client, &s->job, reason, err);
}

static int give_back(void *arg, struct err *err)
{
    struct source *s = arg;

    return queue_client_release(s->client, &s->job, err);
}

const struct source_kind source_swell = {"swell-queue", check, open_source, close_source, take,
                                         extend,        done,  fail,        give_back};
