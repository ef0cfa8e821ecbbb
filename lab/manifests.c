// SPDX-License-Identifier: MIT
#include "lab/manifests.h"

#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "kube/yaml.h"
#include "lab/env.h"
#include "lab/hpa/hpa.h"
#include "lab/ignored.h"
#include "lab/images.h"
#include "lab/kinds.h"
#include "lab/probe.h"
#include "lab/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 100
#define OBJECTS_MAX 1000

struct object { /* one document of one file */
    const struct yaml_file *file;
    size_t document;
    const struct kind *kind;
    json_t *json; /* borrowed from file */
};

struct manifests {
    const struct env *env;
    struct yaml_file *files[FILES_MAX];
    size_t file_count;
    struct object objects[OBJECTS_MAX];
    size_t object_count;
};

/* "web.yaml:12: text". path is in the form of jpath.h. */
static int refuse(const struct object *o, const char *path, struct err *err, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

static int refuse(const struct object *o, const char *path, struct err *err, const char *format,
                  ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(err, -EINVAL, "%s:%u: %s", yaml_name(o->file),
                   yaml_line(o->file, o->document, path), text);
}

static const char *name_of(const struct object *o)
{
    return jpath_str(o->json, "metadata.name", "");
}

static const char *namespace_of(const struct object *o)
{
    return jpath_str(o->json, "metadata.namespace", "default");
}

/* ---- reading ---- */

/* RFC 1123, as the API server wants names: also what our folders and groups are called by. */
static bool is_dns_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 253 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len &&
           isalnum((unsigned char)name[0]) && isalnum((unsigned char)name[len - 1]) &&
           !strstr(name, "..");
}

static int check_names(const struct object *o, struct err *err)
{
    if (!*name_of(o))
        return refuse(o, "metadata", err, "metadata.name is required");
    if (!is_dns_name(name_of(o)))
        return refuse(o, "metadata.name", err,
                      "the name '%.60s' is not made of lower case letters, digits, '-' and '.'",
                      name_of(o));
    if (!is_dns_name(namespace_of(o)) || strlen(namespace_of(o)) > 63 ||
        strchr(namespace_of(o), '.'))
        return refuse(o, "metadata.namespace", err,
                      "the namespace '%.60s' is not made of lower case letters, digits and '-'",
                      namespace_of(o));
    return 0;
}

static int add_document(struct manifests *m, const struct yaml_file *file, size_t i,
                        struct err *err)
{
    json_t *json = yaml_document(file, i);
    struct object o = {.file = file, .document = i, .json = json};
    const char *api_version = jpath_str(json, "apiVersion", "");
    const char *kind = jpath_str(json, "kind", "");

    if (!*api_version || !*kind)
        return refuse(&o, "", err, "apiVersion and kind are required");
    o.kind = kind_find(api_version, kind);
    if (!o.kind || !o.kind->from_manifest)
        return refuse(&o, "kind", err,
                      "the lab does not know kind %s of %s; it knows Deployment, Service, "
                      "HorizontalPodAutoscaler (autoscaling/v2), ConfigMap and APIService",
                      kind, api_version);
    int r = check_names(&o, err);
    if (r < 0)
        return r;
    if (m->object_count == OBJECTS_MAX)
        return err_set(err, -E2BIG, "more than %d objects", OBJECTS_MAX);
    m->objects[m->object_count++] = o;
    return 0;
}

static int read_file(struct manifests *m, const char *path, struct err *err)
{
    int r;

    if (m->file_count == FILES_MAX)
        return err_set(err, -E2BIG, "more than %d files", FILES_MAX);
    r = yaml_read_file(path, &m->files[m->file_count], err);
    if (r < 0)
        return r;

    const struct yaml_file *file = m->files[m->file_count++];
    for (size_t i = 0; r == 0 && i < yaml_count(file); i++)
        r = add_document(m, file, i, err);
    return r;
}

static int is_manifest(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) &&
           strncmp(entry->d_name, "scene.", 6) != 0 &&
           strncmp(entry->d_name, "simulation.", 11) != 0 &&
           strncmp(entry->d_name, "kustomization.", 14) != 0;
}

static int read_folder(struct manifests *m, const char *path, struct err *err)
{
    struct dirent **entries = NULL;
    char file[4096];
    int r = 0, count = scandir(path, &entries, is_manifest, alphasort);

    if (count < 0)
        return err_errno(err, errno, "cannot read '%s'", path);
    for (int i = 0; i < count; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        if (r == 0)
            r = read_file(m, file, err);
        free(entries[i]);
    }
    free(entries);
    if (r == 0 && m->object_count == 0)
        return err_set(err, -EINVAL, "'%s' has no manifests (*.yaml)", path);
    return r;
}

/* ---- checks ---- */

static const struct object *find(const struct manifests *m, enum kind_id kind, const char *ns,
                                 const char *name)
{
    for (size_t i = 0; i < m->object_count; i++) {
        const struct object *o = &m->objects[i];
        if (o->kind->id == kind && strcmp(name_of(o), name) == 0 &&
            (!o->kind->namespaced || strcmp(namespace_of(o), ns) == 0))
            return o;
    }
    return NULL;
}

static int check_twins(const struct manifests *m, const struct object *o, struct err *err)
{
    const struct object *first = find(m, o->kind->id, namespace_of(o), name_of(o));

    if (first == o)
        return 0;
    return refuse(o, "metadata.name", err, "%s %s is already defined at %s:%u", o->kind->kind,
                  name_of(o), yaml_name(first->file),
                  yaml_line(first->file, first->document, "metadata.name"));
}

static int check_container(const struct manifests *m, const struct object *o, struct err *err)
{
    static const char where[] = "spec.template.spec.containers";
    const json_t *containers = jpath(o->json, where);
    const json_t *container = json_array_get(containers, 0);
    const char *image = jpath_str(container, "image", "");
    char names[1024];

    if (json_array_size(containers) != 1)
        return refuse(o, json_array_size(containers) ? "spec.template.spec.containers[1]" : where,
                      err, "the lab runs pods of exactly one container, not %zu",
                      json_array_size(containers));
    if (!images_find(m->env->images, image) && !jpath(container, "command"))
        return refuse(o, "spec.template.spec.containers[0].image", err,
                      "the lab does not know the image '%s'; it knows %s "
                      "(--image=NAME=PROGRAM adds one)",
                      image, images_names(m->env->images, names, sizeof(names)));
    return 0;
}

static int check_deployment(const struct manifests *m, const struct object *o, struct err *err)
{
    struct selector *selector = NULL;
    int64_t replicas = jpath_int(o->json, "spec.replicas", 1);
    int r = selector_from_json(jpath(o->json, "spec.selector"), &selector, err);

    if (r < 0 || selector_is_empty(selector)) {
        selector_free(selector);
        return refuse(o, "spec.selector", err, "spec.selector is %s",
                      r < 0 ? err->text : "required");
    }
    bool fits = selector_matches(selector, jpath(o->json, "spec.template.metadata.labels"));
    selector_free(selector);
    if (!fits)
        return refuse(o, "spec.template.metadata.labels", err,
                      "spec.selector does not match the labels of spec.template");
    if (replicas < 0 || replicas > 200)
        return refuse(o, "spec.replicas", err, "spec.replicas is %lld; the lab takes 0 to 200",
                      (long long)replicas);
    return m->env->images ? check_container(m, o, err) : 0;
}

static bool selects(const struct object *service, const struct object *deployment)
{
    const json_t *labels = jpath(deployment->json, "spec.template.metadata.labels");
    const json_t *wanted = jpath(service->json, "spec.selector");
    const char *name;
    const json_t *value;

    if (deployment->kind->id != KIND_DEPLOYMENT || !wanted ||
        strcmp(namespace_of(deployment), namespace_of(service)) != 0)
        return false;
    json_object_foreach ((json_t *)(uintptr_t)wanted, name, value)
        if (!json_equal(json_object_get(labels, name), value))
            return false;
    return true;
}

/* A number needs no declaration, as in Kubernetes; a name does. */
static int check_named_port(const struct manifests *m, const struct object *o, struct err *err)
{
    const json_t *target = jpath(o->json, "spec.ports[0].targetPort");

    if (!json_is_string(target))
        return 0;
    for (const struct object *d = m->objects; d < m->objects + m->object_count; d++)
        if (selects(o, d) &&
            !probe_port(target, jpath(d->json, "spec.template.spec.containers[0]")))
            return refuse(o, "spec.ports[0].targetPort", err,
                          "Service %s points to port \"%s\", which the container of Deployment %s "
                          "does not have",
                          name_of(o), json_string_value(target), name_of(d));
    return 0;
}

static int check_service(const struct manifests *m, const struct object *o, struct err *err)
{
    int64_t port = jpath_int(o->json, "spec.ports[0].port", 0);

    if (json_array_size(jpath(o->json, "spec.ports")) != 1)
        return refuse(o, "spec.ports", err, "the lab takes Services of exactly one port");
    if (port < 1 || port > 65535)
        return refuse(o, "spec.ports[0].port", err, "spec.ports[0].port must be 1 to 65535");
    return check_named_port(m, o, err);
}

static int check_target(const struct manifests *m, const struct object *o, struct err *err)
{
    const char *kind = jpath_str(o->json, "spec.scaleTargetRef.kind", "");
    const char *name = jpath_str(o->json, "spec.scaleTargetRef.name", "");

    if (strcmp(kind, "Deployment") != 0)
        return refuse(o, "spec.scaleTargetRef.kind", err, "the lab scales Deployments, not a %s",
                      *kind ? kind : "target without kind");
    if (!find(m, KIND_DEPLOYMENT, namespace_of(o), name))
        return refuse(o, "spec.scaleTargetRef.name", err,
                      "HorizontalPodAutoscaler %s points to Deployment %s, which is not here",
                      name_of(o), name);
    return 0;
}

/* The real controller refuses to act for either of two HPAs that select the same pods. */
static int check_rivals(const struct manifests *m, const struct object *o, struct err *err)
{
    const char *target = jpath_str(o->json, "spec.scaleTargetRef.name", "");

    for (const struct object *other = m->objects; other < o; other++)
        if (other->kind->id == KIND_HPA && strcmp(namespace_of(other), namespace_of(o)) == 0 &&
            strcmp(jpath_str(other->json, "spec.scaleTargetRef.name", ""), target) == 0)
            return refuse(o, "spec.scaleTargetRef.name", err,
                          "HorizontalPodAutoscaler %s already scales Deployment %s; two of them "
                          "would block each other (AmbiguousSelector)",
                          name_of(other), target);
    return 0;
}

static int check_hpa(const struct manifests *m, const struct object *o, struct err *err)
{
    struct hpa_spec *spec = NULL;
    struct hpa_spec_error bad = {0};
    int r = hpa_spec_parse(o->json, &spec, &bad);

    hpa_spec_free(spec);
    if (r < 0)
        return refuse(o, bad.path, err, "HorizontalPodAutoscaler %s: %s", name_of(o), bad.err.text);
    r = check_target(m, o, err);
    return r == 0 ? check_rivals(m, o, err) : r;
}

static int check_apiservice(const struct manifests *m, const struct object *o, struct err *err)
{
    const char *ns = jpath_str(o->json, "spec.service.namespace", "default");
    const char *name = jpath_str(o->json, "spec.service.name", "");

    if (!find(m, KIND_SERVICE, ns, name))
        return refuse(o, "spec.service", err,
                      "APIService %s points to Service %s, which is not here", name_of(o), name);
    return 0;
}

static int check(const struct manifests *m, const struct object *o, struct err *err)
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

static void warn_of_ignored(void *arg, const char *path)
{
    const struct object *o = arg;
    char where[512];

    (void)snprintf(where, sizeof(where), "%s:%u", yaml_name(o->file),
                   yaml_line(o->file, o->document, path));
    log_warn("the lab ignores this field", LOG_STR("file", where), LOG_STR("field", path));
}

/* ---- all of it ---- */

static int check_all(struct manifests *m, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->object_count; i++)
        r = check(m, &m->objects[i], err);
    for (size_t i = 0; r == 0 && m->env->images && i < m->object_count; i++)
        ignored_fields(m->objects[i].kind, m->objects[i].json, warn_of_ignored, &m->objects[i]);
    return r;
}

static int store_all(const struct manifests *m, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->object_count; i++)
        r = store_put(m->env->store, m->objects[i].kind->id, m->objects[i].json);
    return r < 0 ? err_set(err, r, "out of memory") : 0;
}

int manifests_load(const struct env *env, const char *path, struct err *err)
{
    struct manifests *m = calloc(1, sizeof(*m));
    struct stat what;
    int r;

    if (!m)
        return err_set(err, -ENOMEM, "out of memory");
    m->env = env;
    if (stat(path, &what) < 0)
        r = err_errno(err, errno, "cannot read '%s'", path);
    else
        r = S_ISDIR(what.st_mode) ? read_folder(m, path, err) : read_file(m, path, err);
    if (r == 0)
        r = check_all(m, err);
    if (r == 0)
        r = store_all(m, err);
    for (size_t i = 0; i < m->file_count; i++)
        yaml_file_free(m->files[i]);
    free(m);
    return r;
}
