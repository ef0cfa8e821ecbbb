// SPDX-License-Identifier: MIT
#include "adapter/cluster/authorities.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define CONFIG_MAP "extension-apiserver-authentication"
#define CONFIG_MAP_PATH                                                                            \
    "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3D" CONFIG_MAP
#define PEM_MAX_BYTES (256 * KIB)

/* The ConfigMap's entries, and over them the flags'. */
static void take(struct authorities *a, const json_t *object)
{
    json_auto_t *data = json_deep_copy(json_object_get(object, "data"));
    struct trust *t = NULL;
    struct err err = {0};

    if (!data)
        data = json_object();
    if (!data || json_object_update(data, a->flags) < 0 || trust_new(&t, data, &err) < 0) {
        log_error("the cluster's authorities cannot be used", LOG_STR("configmap", CONFIG_MAP),
                  LOG_STR("cause", err.text), LOG_STR("keeping", a->known ? "the last" : "none"));
        return;
    }
    gate_set_trust(a->gate, t);
    a->known = true;
    log_info("the cluster's authorities are known", LOG_STR("configmap", CONFIG_MAP));
}

static void on_change(void *arg, enum kube_change change, const json_t *object,
                      const struct err *err)
{
    struct authorities *a = arg;

    if (change == KUBE_PUT)
        take(a, object);
    else if (change == KUBE_DELETED)
        log_warn("the cluster's authorities are gone", LOG_STR("configmap", CONFIG_MAP),
                 LOG_STR("keeping", a->known ? "the last" : "none"));
    else if (change == KUBE_FAILED)
        log_warn("no contact to the cluster's authorities", LOG_STR("configmap", CONFIG_MAP),
                 LOG_STR("cause", err->text), LOG_STR("keeping", a->known ? "the last" : "none"));
}

static int set_file(json_t *flags, const char *key, const char *file, struct err *err)
{
    scoped(buf_done) struct buf pem = {.max = PEM_MAX_BYTES};

    if (!file)
        return 0;
    int r = buf_read_file(&pem, file, err);
    if (r == 0 && json_object_set_new(flags, key, json_stringn(pem.data ? pem.data : "", pem.len)))
        r = err_set(err, -EINVAL, "'%s' is not PEM", file);
    return r;
}

/* A value may be several, with commas. */
static int add_values(json_t *values, const char *text)
{
    int r = 0;

    while (*text && r == 0) {
        size_t len = strcspn(text, ",");
        r = json_array_append_new(values, json_stringn(text, len));
        text += len + (text[len] == ',');
    }
    return r;
}

/* A JSON list inside a text, as the ConfigMap has it. */
static int set_list(json_t *flags, const char *key, const struct opt_list *list, struct err *err)
{
    json_auto_t *values = json_array();
    int r = values ? 0 : -1;

    if (!list->count)
        return 0;
    for (size_t i = 0; i < list->count && r == 0; i++)
        r = add_values(values, list->values[i]);
    scoped(free_at) char *text = r == 0 ? json_dumps(values, JSON_COMPACT) : NULL;
    if (!text || json_object_set_new(flags, key, json_string(text)) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    return 0;
}

static int read_flags(json_t *flags, const struct cluster_options *o, struct err *err)
{
    int r = set_file(flags, "client-ca-file", o->client_ca_file, err);

    if (r == 0)
        r = set_file(flags, "requestheader-client-ca-file", o->front_proxy_ca_file, err);
    if (r == 0)
        r = set_list(flags, "requestheader-allowed-names", &o->allowed_names, err);
    if (r == 0)
        r = set_list(flags, "requestheader-username-headers", &o->username_headers, err);
    if (r == 0)
        r = set_list(flags, "requestheader-group-headers", &o->group_headers, err);
    return r == 0 ? set_list(flags, "requestheader-extra-headers-prefix", &o->extra_prefixes, err)
                  : r;
}

/* What the flags say has to be good by itself. */
static int check_flags(const json_t *flags, struct err *err)
{
    struct trust *t = NULL;
    int r = trust_new(&t, flags, err);

    trust_unref(t);
    return r;
}

int authorities_start(struct authorities *a, struct kube *k, struct gate *gate,
                      const struct cluster_options *options, struct err *err)
{
    *a = (struct authorities){.gate = gate, .flags = json_object()};
    int r = a->flags ? read_flags(a->flags, options, err) : err_set(err, -ENOMEM, "out of memory");

    if (r == 0)
        r = check_flags(a->flags, err);
    if (r == 0 && !kube_watch_start(k, CONFIG_MAP_PATH, on_change, a))
        r = err_set(err, -ENOMEM, "out of memory");
    return r;
}

void authorities_done(struct authorities *a)
{
    json_decref(a->flags);
}
