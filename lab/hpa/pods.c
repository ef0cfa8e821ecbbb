// SPDX-License-Identifier: MIT
#include "lab/hpa/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Grows *array to hold count elements. */
static int reserve(void *array_at, size_t *size, size_t count, size_t element_size)
{
    void *array;

    if (count <= *size)
        return 0;
    memcpy(&array, array_at, sizeof(array));
    array = reallocarray(array, count, element_size);
    if (!array)
        return -ENOMEM;
    memcpy(array_at, &array, sizeof(array));
    *size = count;
    return 0;
}

static size_t most_samples(const struct hpa_spec *spec, const struct hpa_input *in)
{
    size_t most = 0;

    for (size_t i = 0; i < spec->metric_count; i++)
        if (in->answers[i].sample_count > most)
            most = in->answers[i].sample_count;
    return most;
}

int pods_begin(struct pods *p, const struct hpa_spec *spec, const struct hpa_input *in)
{
    size_t size = p->size, classes;
    int r;

    if (__builtin_mul_overflow(spec->metric_count, in->pod_count, &classes))
        return -ENOMEM;
    r = reserve(&p->sample_of, &size, in->pod_count, sizeof(*p->sample_of));
    if (r == 0)
        r = reserve(&p->by_name, &p->size, in->pod_count, sizeof(*p->by_name));
    if (r == 0)
        r = reserve(&p->classes, &p->classes_size, classes, sizeof(*p->classes));
    if (r == 0)
        r = reserve(&p->strangers, &p->strangers_size, most_samples(spec, in),
                    sizeof(*p->strangers));

    p->list = in->pods;
    p->count = in->pod_count;
    p->sorted = false;
    return r;
}

void pods_done(struct pods *p)
{
    free(p->sample_of);
    free(p->by_name);
    free(p->strangers);
    free(p->classes);
    *p = (struct pods){0};
}

static int by_pod_name(const void *a, const void *b, void *list)
{
    const struct hpa_pod *pods = list;

    return strcmp(pods[*(const size_t *)a].name, pods[*(const size_t *)b].name);
}

static void sort_names(struct pods *p)
{
    for (size_t i = 0; i < p->count; i++)
        p->by_name[i] = i;
    if (p->count)
        qsort_r(p->by_name, p->count, sizeof(*p->by_name), by_pod_name, (void *)(uintptr_t)p->list);
    p->sorted = true;
}

/* Index of the pod, or p->count. */
static size_t find(struct pods *p, const char *name)
{
    size_t low = 0, high = p->count;

    if (!p->sorted)
        sort_names(p);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, p->list[p->by_name[middle]].name);
        if (order == 0)
            return p->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return p->count;
}

/* By name; of one name the later sample first, because it is the one that counts. */
static int by_sample_name(const void *a, const void *b, void *samples)
{
    const struct hpa_sample *s = samples;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int order = strcmp(s[x].pod, s[y].pod);

    return order ? order : (x < y) - (x > y);
}

static void keep_one_each(struct pods *p)
{
    size_t kept = 0;

    if (p->stranger_count < 2)
        return;
    qsort_r(p->strangers, p->stranger_count, sizeof(*p->strangers), by_sample_name,
            (void *)(uintptr_t)p->samples);
    for (size_t i = 0; i < p->stranger_count; i++)
        if (kept == 0 ||
            strcmp(p->samples[p->strangers[kept - 1]].pod, p->samples[p->strangers[i]].pod) != 0)
            p->strangers[kept++] = p->strangers[i];
    p->stranger_count = kept;
}

void pods_match(struct pods *p, const struct hpa_answer *answer)
{
    size_t next = 0; /* the pod that this sample is of if both lists have the same order */

    p->samples = answer->samples;
    p->stranger_count = 0;
    for (size_t i = 0; i < p->count; i++)
        p->sample_of[i] = POD_WITHOUT_SAMPLE;

    for (size_t i = 0; i < answer->sample_count; i++) {
        const char *name = answer->samples[i].pod;
        if (next >= p->count || strcmp(p->list[next].name, name) != 0)
            next = find(p, name);
        if (next < p->count)
            p->sample_of[next++] = i;
        else
            p->strangers[p->stranger_count++] = i;
    }
    keep_one_each(p);
}

/* Is the CPU sample of a pod that is still starting a measure of its load? */
static enum pod_rule readiness_rule(const struct hpa_pod *pod, const struct hpa_sample *sample,
                                    const struct hpa_settings *settings, uint64_t now_ns)
{
    const bool not_ready = pod->ready == HPA_READY_FALSE;

    if (pod->ready == HPA_READY_ABSENT)
        return POD_NO_READY_CONDITION;
    if (!pod->started)
        return POD_NO_START_TIME;
    if (pod->start_ns + settings->cpu_initialization_ns > now_ns) {
        if (not_ready)
            return POD_STARTING;
        return sample->time_ns < pod->ready_changed_ns + sample->window_ns ? POD_SAMPLE_TOO_EARLY
                                                                           : POD_COUNTED;
    }
    return not_ready && pod->start_ns + settings->initial_readiness_delay_ns > pod->ready_changed_ns
               ? POD_NEVER_READY
               : POD_COUNTED;
}

enum pod_rule pod_rule(const struct hpa_pod *pod, const struct hpa_sample *sample,
                       const struct hpa_settings *settings, uint64_t now_ns, bool cpu)
{
    if (pod->deleted)
        return POD_DELETED;
    if (pod->phase == HPA_FAILED)
        return POD_HAS_FAILED;
    if (pod->phase == HPA_PENDING)
        return POD_PENDING;
    if (!sample)
        return POD_NO_SAMPLE;
    return cpu ? readiness_rule(pod, sample, settings, now_ns) : POD_COUNTED;
}

enum hpa_class pod_class(enum pod_rule rule)
{
    switch (rule) {
    case POD_DELETED:
    case POD_HAS_FAILED:
        return HPA_POD_IGNORED;
    case POD_NO_SAMPLE:
        return HPA_POD_MISSING;
    case POD_COUNTED:
        return HPA_POD_READY;
    case POD_PENDING:
    case POD_NO_READY_CONDITION:
    case POD_NO_START_TIME:
    case POD_STARTING:
    case POD_SAMPLE_TOO_EARLY:
    case POD_NEVER_READY:
        break;
    }
    return HPA_POD_UNREADY;
}

static enum hpa_class classify(const struct pods *p, size_t i, const struct hpa_settings *settings,
                               uint64_t now_ns, bool cpu)
{
    const struct hpa_sample *sample =
        p->sample_of[i] == POD_WITHOUT_SAMPLE ? NULL : &p->samples[p->sample_of[i]];

    return pod_class(pod_rule(&p->list[i], sample, settings, now_ns, cpu));
}

void pods_classify(struct pods *p, const struct hpa_settings *settings, uint64_t now_ns, bool cpu,
                   size_t i, struct hpa_result *ret)
{
    size_t counts[4] = {0};
    uint8_t *classes = p->classes + i * p->count;

    for (size_t k = 0; k < p->count; k++) {
        enum hpa_class class = classify(p, k, settings, now_ns, cpu);
        classes[k] = (uint8_t) class;
        counts[class]++;
    }
    ret->classes = classes;
    ret->ready = counts[HPA_POD_READY];
    ret->unready = counts[HPA_POD_UNREADY];
    ret->missing = counts[HPA_POD_MISSING];
    ret->ignored = counts[HPA_POD_IGNORED];
}

int64_t pods_ready_now(const struct pods *p)
{
    int64_t count = 0;

    for (size_t i = 0; i < p->count; i++)
        count += p->list[i].phase == HPA_RUNNING && p->list[i].ready == HPA_READY_TRUE;
    return count;
}
