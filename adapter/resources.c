// SPDX-License-Identifier: MIT
#include "adapter/resources.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/jpath.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_NS (120 * NS_PER_S)
#define RETRY_NS (10 * NS_PER_S)
#define TRIES 3
#define ACCEPT                                                                                     \
    "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                \
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"                   \
    "application/json"

static const char *const paths[] = {"/api", "/apis"}; /* the core group, and all others */

struct resources {
    struct kube *kube;
    /* The thread's: */
    struct catalogue *next; /* made of the answers so far */
    size_t step;            /* which of the paths is asked for */
    bool under_way, told;   /* told: that it failed; once is enough */
    uint64_t due_ns;
    uint64_t hash, known_hash; /* of what the answers say; of those in known */

    pthread_mutex_t lock; /* guards what follows */
    struct catalogue *known;
    uint64_t generation;
};

struct resources *resources_new(struct kube *k)
{
    struct resources *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->kube = k;
    pthread_mutex_init(&r->lock, NULL);
    r->known = catalogue_new();
    if (!r->known) {
        resources_free(r);
        return NULL;
    }
    return r;
}

void resources_free(struct resources *r)
{
    if (!r)
        return;
    catalogue_free(r->next);
    catalogue_free(r->known);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct catalogue *resources_copy(struct resources *r)
{
    pthread_mutex_lock(&r->lock);
    struct catalogue *copy = catalogue_copy(r->known);
    pthread_mutex_unlock(&r->lock);
    return copy;
}

uint64_t resources_generation(struct resources *r)
{
    pthread_mutex_lock(&r->lock);
    uint64_t generation = r->generation;
    pthread_mutex_unlock(&r->lock);
    return generation;
}

/* ---- an answer ---- */

/* Their resources are metrics, ours among them, and no objects. */
static bool is_of_metrics(const char *group)
{
    static const char *const groups[] = {"metrics.k8s.io", "custom.metrics.k8s.io",
                                         "external.metrics.k8s.io"};

    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (strcmp(groups[i], group) == 0)
            return true;
    return false;
}

/* What has no kind of its own cannot be listed: it only is where its subresources are. */
static int add_resource(struct catalogue *c, const char *group, const char *version,
                        const json_t *resource, uint64_t *hash)
{
    const char *scope = jpath_str(resource, "scope", "");
    const struct resource row = {.group = group,
                                 .version = version,
                                 .plural = jpath_str(resource, "resource", ""),
                                 .singular = jpath_str(resource, "singularResource", ""),
                                 .kind = jpath_str(resource, "responseKind.kind", ""),
                                 .namespaced = strcmp(scope, "Namespaced") == 0};
    const char *const texts[] = {group, version, row.plural, row.singular, row.kind, scope};

    if (!*row.plural || !*row.kind)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *hash = hash_text(hash_text(*hash, texts[i]), "\n");
    return catalogue_add(c, &row);
}

static int add_version(struct catalogue *c, const char *group, const json_t *version,
                       uint64_t *hash)
{
    const char *name = jpath_str(version, "version", "");
    const json_t *list = json_object_get(version, "resources");
    int r = 0;

    for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
        r = add_resource(c, group, name, json_array_get(list, i), hash);
    return r;
}

/* The first version is the preferred one: it comes last, over what others say. */
static int add_group(struct catalogue *c, const json_t *group, uint64_t *hash)
{
    const char *name = jpath_str(group, "metadata.name", "");
    const json_t *versions = json_object_get(group, "versions");
    int r = 0;

    if (is_of_metrics(name))
        return 0;
    for (size_t i = json_array_size(versions); i > 0 && r == 0; i--)
        r = add_version(c, name, json_array_get(versions, i - 1), hash);
    return r;
}

int resources_read(const json_t *answer, struct catalogue *c, uint64_t *hash, struct err *err)
{
    const json_t *groups = json_object_get(answer, "items");
    int r = 0;

    if (strcmp(jpath_str(answer, "kind", ""), "APIGroupDiscoveryList") != 0)
        return err_set(err, -EBADMSG,
                       "the API server does not tell its resources in one answer, as Kubernetes "
                       "1.27 does");
    for (size_t i = 0; i < json_array_size(groups) && r == 0; i++)
        r = add_group(c, json_array_get(groups, i), hash);
    if (r == -E2BIG)
        return err_set(err, r, "there are more than %d", CATALOGUE_MAX);
    return r < 0 ? err_set(err, r, "out of memory") : 0;
}

/* ---- asking ---- */

static void finish(struct resources *r, uint64_t wait_ns)
{
    catalogue_free(r->next);
    r->next = NULL;
    r->under_way = false;
    r->due_ns = clock_mono_ns() + wait_ns;
}

static void fail(struct resources *r, const struct err *err)
{
    if (!r->told)
        log_warn("the cluster's resources are not known", LOG_STR("path", paths[r->step]),
                 LOG_STR("cause", err->text),
                 LOG_STR("keeping", r->generation ? "the last" : "those of every cluster"));
    r->told = true;
    finish(r, RETRY_NS);
}

static void publish(struct resources *r)
{
    r->told = false;
    if (r->hash != r->known_hash) {
        r->known_hash = r->hash;
        pthread_mutex_lock(&r->lock);
        struct catalogue *before = r->known;
        r->known = r->next;
        r->next = before;
        r->generation++;
        pthread_mutex_unlock(&r->lock);
        log_info("the cluster's resources are known",
                 LOG_INT("resources", (int64_t)catalogue_count(r->known)));
    }
    finish(r, REFRESH_NS);
}

static void ask(struct resources *r);

static void on_answer(void *arg, int result, int status, const json_t *object,
                      const struct err *err)
{
    struct resources *r = arg;
    struct err why = *err;

    (void)status;
    if (result == 0)
        result = resources_read(object, r->next, &r->hash, &why);
    if (result < 0)
        fail(r, &why);
    else if (++r->step < ARRAY_LEN(paths))
        ask(r);
    else
        publish(r);
}

static void ask(struct resources *r)
{
    const struct kube_request request = {.path = paths[r->step], .accept = ACCEPT, .tries = TRIES};
    const struct err no_memory = {"out of memory"};

    if (kube_send(r->kube, &request, on_answer, r) < 0)
        fail(r, &no_memory);
}

uint64_t resources_run(struct resources *r)
{
    uint64_t now_ns = clock_mono_ns();

    if (r->under_way)
        return REFRESH_NS;
    if (now_ns < r->due_ns)
        return r->due_ns - now_ns;
    r->next = catalogue_copy(r->known);
    r->step = 0;
    r->hash = HASH_START;
    r->under_way = true;
    if (!r->next)
        finish(r, RETRY_NS);
    else
        ask(r);
    return RETRY_NS;
}
