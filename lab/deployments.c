// SPDX-License-Identifier: MIT
#include "lab/deployments.h"

#include "base/err.h"
#include "base/hash.h"
#include "kube/jpath.h"
#include "lab/env.h"
#include "lab/events.h"
#include "lab/pods.h"
#include "lab/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Kubernetes' alphabet for generated names: no vowels, so no words. */
static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
#define LETTERS (sizeof(alphabet) - 1)

static void spell(uint64_t number, char *text, size_t len)
{
    for (size_t i = 0; i < len; i++, number /= LETTERS)
        text[i] = alphabet[number % LETTERS];
    text[len] = '\0';
}

static void template_hash(const json_t *template, char text[11])
{
    char *dump = json_dumps(template, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t hash = hash_text(HASH_START, dump ? dump : "");

    free(dump);
    spell(hash, text, 10);
}

static bool owned_by(const json_t *pod, const json_t *deployment)
{
    return strcmp(jpath_str(pod, "metadata.ownerReferences[0].uid", ""),
                  jpath_str(deployment, "metadata.uid", "-")) == 0;
}

/* New array of the Deployment's pods that are not being deleted. */
static json_t *own_pods(const struct env *env, const json_t *deployment)
{
    json_auto_t *all = store_list(env->store, KIND_POD,
                                  jpath_str(deployment, "metadata.namespace", "default"), NULL);
    json_t *own = json_array();
    size_t i;
    json_t *pod;

    json_array_foreach (all, i, pod)
        if (owned_by(pod, deployment) && !pod_is_deleting(pod))
            (void)json_array_append(own, pod);
    return own;
}

static void add_pod(const struct env *env, struct pods *pods, const json_t *deployment)
{
    char hash[11], suffix[6], name[300];
    const char *ns = jpath_str(deployment, "metadata.namespace", "default");
    const char *owner = jpath_str(deployment, "metadata.name", "");
    json_auto_t *template = json_deep_copy(jpath(deployment, "spec.template"));
    uint64_t random = 0;
    struct err e = {0};

    (void)getrandom(&random, sizeof(random), 0);
    template_hash(template, hash);
    spell(random, suffix, 5);
    (void)snprintf(name, sizeof(name), "%s-%s-%s", owner, hash, suffix);
    json_t *labels = jpath(template, "metadata.labels");
    (void)json_object_set_new(labels, "pod-template-hash", json_string(hash));

    const struct event_about about = {KIND_DEPLOYMENT, ns, owner};
    if (pods_create(pods, ns, name, template, deployment, &e) < 0)
        event_record(env, about, "Warning", "FailedCreate", "Error creating: %s", e.text);
    else
        event_record(env, about, "Normal", "SuccessfulCreate", "Created pod: %s", name);
}

/* A ReplicaSet's order for the cases that occur here: pods that are not ready first, then the
 * youngest, which stand last in the list. */
static size_t pick_victim(const json_t *own)
{
    for (size_t i = json_array_size(own); i-- > 0;)
        if (!pod_is_ready(json_array_get(own, i)))
            return i;
    return json_array_size(own) - 1;
}

static void remove_one(struct pods *pods, json_t *own)
{
    size_t i = pick_victim(own);
    const json_t *pod = json_array_get(own, i);

    pods_delete(pods, jpath_str(pod, "metadata.namespace", "default"),
                jpath_str(pod, "metadata.name", ""));
    (void)json_array_remove(own, i);
}

static void write_status(const struct env *env, const json_t *deployment)
{
    json_auto_t *own = own_pods(env, deployment);
    json_int_t replicas = (json_int_t)json_array_size(own), ready = 0;
    size_t i;
    const json_t *pod;

    json_array_foreach (own, i, pod)
        ready += pod_is_ready(pod);
    (void)store_patch(
        env->store, KIND_DEPLOYMENT, jpath_str(deployment, "metadata.namespace", "default"),
        jpath_str(deployment, "metadata.name", ""), "status",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "observedGeneration",
                  (json_int_t)jpath_int(deployment, "metadata.generation", 1), "replicas", replicas,
                  "updatedReplicas", replicas, "readyReplicas", ready, "availableReplicas", ready,
                  "unavailableReplicas", replicas - ready));
}

static void sync(const struct env *env, struct pods *pods, const json_t *deployment)
{
    json_auto_t *own = own_pods(env, deployment);
    int64_t wanted = jpath_int(deployment, "spec.replicas", 1);

    for (int64_t have = (int64_t)json_array_size(own); have < wanted; have++)
        add_pod(env, pods, deployment);
    while ((int64_t)json_array_size(own) > wanted)
        remove_one(pods, own);
    write_status(env, deployment);
}

void deployments_sync(const struct env *env, struct pods *pods)
{
    json_auto_t *all = store_list(env->store, KIND_DEPLOYMENT, NULL, NULL);
    size_t i;
    const json_t *deployment;

    json_array_foreach (all, i, deployment)
        sync(env, pods, deployment);
}
