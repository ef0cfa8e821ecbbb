// SPDX-License-Identifier: MIT
#include "lab/manifests.h"

#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/env.h"
#include "lab/hpa/hpa.h"
#include "lab/ignored.h"
#include "lab/images.h"
#include "lab/kinds.h"
#include "lab/manifest_files.h"
#include "lab/probe.h"
#include "lab/store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct manifests {
    const struct env *env;
    struct manifest_files read;
};

static const struct manifest *find(const struct manifests *m, enum kind_id kind, const char *ns,
                                   const char *name)
{
    for (size_t i = 0; i < m->read.count; i++) {
        const struct manifest *o = &m->read.rows[i];
        if (o->kind->id == kind && strcmp(manifest_name(o), name) == 0 &&
            (!o->kind->namespaced || strcmp(manifest_namespace(o), ns) == 0))
            return o;
    }
    return NULL;
}

static int check_twins(const struct manifests *m, const struct manifest *o, struct err *err)
{
    const struct manifest *first = find(m, o->kind->id, manifest_namespace(o), manifest_name(o));

    if (first == o)
        return 0;
    return manifest_refuse(o, "metadata.name", err, "%s %s is already defined at %s:%u",
                           o->kind->kind, manifest_name(o), yaml_name(first->file),
                           yaml_line(first->file, first->document, "metadata.name"));
}

static int check_container(const struct manifests *m, const struct manifest *o, struct err *err)
{
    static const char where[] = "spec.template.spec.containers";
    const json_t *containers = jpath(o->json, where);
    const json_t *container = json_array_get(containers, 0);
    const char *image = jpath_str(container, "image", "");
    char names[1024];

    if (json_array_size(containers) != 1)
        return manifest_refuse(
            o, json_array_size(containers) ? "spec.template.spec.containers[1]" : where, err,
            "the lab runs pods of exactly one container, not %zu", json_array_size(containers));
    if (!images_find(m->env->images, image) && !jpath(container, "command"))
        return manifest_refuse(o, "spec.template.spec.containers[0].image", err,
                               "the lab does not know the image '%s'; it knows %s "
                               "(--image=NAME=PROGRAM adds one)",
                               image, images_names(m->env->images, names, sizeof(names)));
    return 0;
}

static int check_deployment(const struct manifests *m, const struct manifest *o, struct err *err)
{
    struct selector *selector = NULL;
    int64_t replicas = jpath_int(o->json, "spec.replicas", 1);
    int r = selector_from_json(jpath(o->json, "spec.selector"), &selector, err);

    if (r < 0 || selector_is_empty(selector)) {
        selector_free(selector);
        return manifest_refuse(o, "spec.selector", err, "spec.selector is %s",
                               r < 0 ? err->text : "required");
    }
    bool fits = selector_matches(selector, jpath(o->json, "spec.template.metadata.labels"));
    selector_free(selector);
    if (!fits)
        return manifest_refuse(o, "spec.template.metadata.labels", err,
                               "spec.selector does not match the labels of spec.template");
    if (replicas < 0 || replicas > 200)
        return manifest_refuse(o, "spec.replicas", err,
                               "spec.replicas is %lld; the lab takes 0 to 200",
                               (long long)replicas);
    return m->env->images ? check_container(m, o, err) : 0;
}

static bool selects(const struct manifest *service, const struct manifest *deployment)
{
    const json_t *labels = jpath(deployment->json, "spec.template.metadata.labels");
    const json_t *wanted = jpath(service->json, "spec.selector");
    const char *name;
    const json_t *value;

    if (deployment->kind->id != KIND_DEPLOYMENT || !wanted ||
        strcmp(manifest_namespace(deployment), manifest_namespace(service)) != 0)
        return false;
    json_object_foreach ((json_t *)(uintptr_t)wanted, name, value)
        if (!json_equal(json_object_get(labels, name), value))
            return false;
    return true;
}

/* A number needs no declaration, as in Kubernetes; a name does. */
static int check_named_port(const struct manifests *m, const struct manifest *o, struct err *err)
{
    const json_t *target = jpath(o->json, "spec.ports[0].targetPort");

    if (!json_is_string(target))
        return 0;
    for (const struct manifest *d = m->read.rows; d < m->read.rows + m->read.count; d++)
        if (selects(o, d) &&
            !probe_port(target, jpath(d->json, "spec.template.spec.containers[0]")))
            return manifest_refuse(
                o, "spec.ports[0].targetPort", err,
                "Service %s points to port \"%s\", which the container of Deployment %s "
                "does not have",
                manifest_name(o), json_string_value(target), manifest_name(d));
    return 0;
}

static int check_service(const struct manifests *m, const struct manifest *o, struct err *err)
{
    int64_t port = jpath_int(o->json, "spec.ports[0].port", 0);

    if (json_array_size(jpath(o->json, "spec.ports")) != 1)
        return manifest_refuse(o, "spec.ports", err, "the lab takes Services of exactly one port");
    if (port < 1 || port > 65535)
        return manifest_refuse(o, "spec.ports[0].port", err,
                               "spec.ports[0].port must be 1 to 65535");
    return check_named_port(m, o, err);
}

static int check_target(const struct manifests *m, const struct manifest *o, struct err *err)
{
    const char *kind = jpath_str(o->json, "spec.scaleTargetRef.kind", "");
    const char *name = jpath_str(o->json, "spec.scaleTargetRef.name", "");

    if (strcmp(kind, "Deployment") != 0)
        return manifest_refuse(o, "spec.scaleTargetRef.kind", err,
                               "the lab scales Deployments, not a %s",
                               *kind ? kind : "target without kind");
    if (!find(m, KIND_DEPLOYMENT, manifest_namespace(o), name))
        return manifest_refuse(
            o, "spec.scaleTargetRef.name", err,
            "HorizontalPodAutoscaler %s points to Deployment %s, which is not here",
            manifest_name(o), name);
    return 0;
}

/* The real controller refuses to act for either of two HPAs that select the same pods. */
static int check_rivals(const struct manifests *m, const struct manifest *o, struct err *err)
{
    const char *target = jpath_str(o->json, "spec.scaleTargetRef.name", "");

    for (const struct manifest *other = m->read.rows; other < o; other++)
        if (other->kind->id == KIND_HPA &&
            strcmp(manifest_namespace(other), manifest_namespace(o)) == 0 &&
            strcmp(jpath_str(other->json, "spec.scaleTargetRef.name", ""), target) == 0)
            return manifest_refuse(
                o, "spec.scaleTargetRef.name", err,
                "HorizontalPodAutoscaler %s already scales Deployment %s; two of them "
                "would block each other (AmbiguousSelector)",
                manifest_name(other), target);
    return 0;
}

static int check_hpa(const struct manifests *m, const struct manifest *o, struct err *err)
{
    struct hpa_spec *spec = NULL;
    struct hpa_spec_error bad = {0};
    int r = hpa_spec_parse(o->json, &spec, &bad);

    hpa_spec_free(spec);
    if (r < 0)
        return manifest_refuse(o, bad.path, err, "HorizontalPodAutoscaler %s: %s", manifest_name(o),
                               bad.err.text);
    r = check_target(m, o, err);
    return r == 0 ? check_rivals(m, o, err) : r;
}

static int check_apiservice(const struct manifests *m, const struct manifest *o, struct err *err)
{
    const char *ns = jpath_str(o->json, "spec.service.namespace", "default");
    const char *name = jpath_str(o->json, "spec.service.name", "");

    if (!find(m, KIND_SERVICE, ns, name))
        return manifest_refuse(o, "spec.service", err,
                               "APIService %s points to Service %s, which is not here",
                               manifest_name(o), name);
    return 0;
}

static int check(const struct manifests *m, const struct manifest *o, struct err *err)
{
    int r = check_twins(m, o, err);

    if (r < 0)
        return r;
    switch (o->kind->id) {
    case KIND_DEPLOYMENT:
        return check_deployment(m, o, err);
    case KIND_SERVICE:
        return check_service(m, o, err);
    case KIND_HPA:
        return check_hpa(m, o, err);
    case KIND_APISERVICE:
        return check_apiservice(m, o, err);
    default:
        return 0;
    }
}

static void warn(const struct manifest *o, const char *path, const char *about)
{
    char where[512];

    (void)snprintf(where, sizeof(where), "%s:%u", yaml_name(o->file),
                   yaml_line(o->file, o->document, path));
    if (about)
        log_warn("the lab ignores this object", LOG_STR("file", where), LOG_STR("kind", about));
    else
        log_warn("the lab ignores this field", LOG_STR("file", where), LOG_STR("field", path));
}

static void warn_of_field(void *arg, const char *path)
{
    warn(arg, path, NULL);
}

static void warn_of_ignored(struct manifest_files *m)
{
    for (const struct manifest_ignored *i = m->ignored; i < m->ignored + m->ignored_count; i++)
        warn(&i->of, i->field ? i->field : "kind",
             i->field ? NULL : jpath_str(i->of.json, "kind", ""));
    for (struct manifest *o = m->rows; o < m->rows + m->count; o++)
        ignored_fields(o->kind, o->json, warn_of_field, o);
}

static int check_all(struct manifests *m, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->read.count; i++)
        r = check(m, &m->read.rows[i], err);
    if (r == 0 && m->env->images)
        warn_of_ignored(&m->read);
    return r;
}

static int store_all(const struct manifests *m, struct err *err)
{
    int r = 0;

    for (const struct manifest *o = m->read.rows; r == 0 && o < m->read.rows + m->read.count; o++)
        r = store_put(m->env->store, o->kind->id, o->json);
    return r < 0 ? err_set(err, r, "out of memory") : 0;
}

int manifests_load(const struct env *env, const char *path, struct err *err)
{
    struct manifests *m = calloc(1, sizeof(*m));

    if (!m)
        return err_set(err, -ENOMEM, "out of memory");
    m->env = env;
    int r = manifest_files_read(&m->read, path, err);
    if (r == 0)
        r = check_all(m, err);
    if (r == 0)
        r = store_all(m, err);
    manifest_files_done(&m->read);
    free(m);
    return r;
}
