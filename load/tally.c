// SPDX-License-Identifier: MIT
#include "load/tally.h"

#include <stdio.h>
#include <string.h>

bool status_is_success(int status)
{
    return status >= 200 && status < 400;
}

static void count_error(struct tally *t, const struct outcome *o)
{
    bool known = o->status > 0 && o->status < TALLY_STATUS_MAX;

    t->errors++;
    if (o->failure != FAILURE_NONE)
        t->failures[o->failure]++;
    else
        t->statuses[known ? o->status : 0]++;
}

static struct tally_pod *find_pod(struct tally *t, const char *name)
{
    for (size_t i = 0; i < t->pod_count; i++)
        if (strcmp(t->pods[i].name, name) == 0)
            return &t->pods[i];
    if (t->pod_count == TALLY_PODS_MAX)
        return &t->pods[TALLY_PODS_MAX - 1];

    const char *kept = t->pod_count == TALLY_PODS_MAX - 1 ? "(more)" : name;
    struct tally_pod *pod = &t->pods[t->pod_count++];
    (void)snprintf(pod->name, sizeof(pod->name), "%s", kept);
    return pod;
}

static void record_corrected(struct tally *t, uint64_t waited_ns)
{
    histogram_record(&t->corrected, waited_ns);
    histogram_record(&t->window, waited_ns);
}

static void count_answer(struct tally *t, const struct outcome *o)
{
    t->answered++;
    t->window_answered++;
    t->body_bytes += o->body_bytes;
    if (o->pod)
        find_pod(t, o->pod)->answered++;
    if (o->sent_ns)
        histogram_record(&t->service, o->done_ns - o->sent_ns);
    record_corrected(t, o->done_ns - o->intended_ns);
    if (status_is_success(o->status))
        t->succeeded++;
    else
        count_error(t, o);
}

void tally_unfinished(struct tally *t, uint64_t waited_ns)
{
    t->unfinished++;
    record_corrected(t, waited_ns);
}

void tally_outcome(struct tally *t, const struct outcome *o)
{
    switch (o->failure) {
    case FAILURE_NONE:
        count_answer(t, o);
        return;
    case FAILURE_UNFINISHED:
        tally_unfinished(t, o->done_ns - o->intended_ns);
        return;
    case FAILURE_TIMEOUT:
        record_corrected(t, o->done_ns - o->intended_ns);
        count_error(t, o);
        return;
    default:
        count_error(t, o);
    }
}

void tally_failed_attempt(struct tally *t, const struct outcome *o)
{
    count_error(t, o);
}

void tally_unsent(struct tally *t, uint64_t waited_ns)
{
    t->unsent++;
    record_corrected(t, waited_ns);
}

void tally_next_window(struct tally *t)
{
    histogram_clear(&t->window);
    t->window_answered = 0;
}
