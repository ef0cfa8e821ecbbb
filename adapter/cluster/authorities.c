// SPDX-License-Identifier: MIT
#include "adapter/cluster/authorities.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define CONFIG_MAP "extension-apiserver-authentication"
#define CONFIG_MAP_PATH                                                                            \
    "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3D" CONFIG_MAP
#define IDLE_NS (60 * NS_PER_S)

static const struct metric_desc authorities_refused = {
    "swell_adapter_authorities_refused",
    METRIC_GAUGE,
    "1 while what the cluster (configmap) or a flag's file says about certificate authorities "
    "cannot be used and what it said before counts.",
    {"from"}};

void authorities_help(FILE *out)
{
    const struct metric_desc *const descs[] = {&authorities_refused};

    metrics_help(descs, ARRAY_LEN(descs), out);
}

/* Gives the gate the ConfigMap's entries, and over them the flags'. */
static int trust_them(struct authorities *a, const json_t *config_map, json_t *flags,
                      struct err *err)
{
    json_auto_t *data = json_deep_copy(config_map);
    struct trust *t = NULL;

    if (!data || json_object_update(data, flags) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    int r = trust_new(&t, data, err);
    if (r < 0)
        return r;
    gate_set_trust(a->gate, t);
    a->known = true;
    return 0;
}

static void take(struct authorities *a, const json_t *object)
{
    const json_t *its = json_object_get(object, "data");
    json_t *data = its ? json_deep_copy(its) : json_object();
    struct err err = {"out of memory"};
    bool good = data && trust_them(a, data, a->flags, &err) == 0;

    metric_set(a->config_map_refused, !good);
    if (!good) {
        json_decref(data);
        log_error("the cluster's authorities cannot be used", LOG_STR("configmap", CONFIG_MAP),
                  LOG_STR("cause", err.text), LOG_STR("keeping", a->known ? "the last" : "none"));
        return;
    }
    json_decref(a->config_map);
    a->config_map = data;
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

/* What the flags say has to be good by itself. */
static int check_flags(const json_t *flags, struct err *err)
{
    struct trust *t = NULL;
    int r = trust_new(&t, flags, err);

    trust_unref(t);
    return r;
}

/* ---- the files ---- */

/* The file's content counts from now on, if it can be used; else what counted before does. */
static int use_file(struct authorities *a, const struct authority_file *f, struct err *err)
{
    json_auto_t *flags = json_copy(a->flags), *before = NULL;
    json_t *pem = json_stringn(f->file.pem.data, f->file.pem.len);

    if (!flags || json_object_set_new(flags, f->key, pem) < 0)
        return err_set(err, -EINVAL, "'%s' is not PEM", f->file.path);
    int r = check_flags(flags, err);
    if (r == 0 && a->config_map)
        r = trust_them(a, a->config_map, flags, err);
    if (r == 0) {
        before = a->flags;
        a->flags = json_incref(flags);
    }
    return r;
}

static void look_at_file(struct authorities *a, struct authority_file *f)
{
    struct err err = {0};
    int r = pem_file_look(&f->file, &err);
    bool was_unreadable = f->unreadable;

    f->unreadable = r < 0;
    if (r == 0 && !was_unreadable)
        return;
    if (r >= 0)
        r = use_file(a, f, &err);
    metric_set(f->refused, r < 0);
    if (r == 0)
        log_info("authorities read again", LOG_STR("file", f->file.path));
    else if (!f->unreadable || !was_unreadable)
        log_error("authorities cannot be used", LOG_STR("file", f->file.path),
                  LOG_STR("cause", err.text), LOG_STR("keeping", "the last"));
}

uint64_t authorities_run(struct authorities *a, uint64_t now_ns)
{
    bool any = false;

    if (now_ns < a->due_ns)
        return a->due_ns - now_ns;
    for (size_t i = 0; i < AUTHORITY_FILES; i++) {
        if (!a->files[i].file.path)
            continue;
        look_at_file(a, &a->files[i]);
        any = true;
    }
    a->due_ns = now_ns + (any ? PEM_FILE_LOOK_NS : IDLE_NS);
    return a->due_ns - now_ns;
}

/* ---- the flags ---- */

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

static int read_files(struct authorities *a, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < AUTHORITY_FILES && r >= 0; i++) {
        struct authority_file *f = &a->files[i];
        if (!f->file.path)
            continue;
        r = pem_file_look(&f->file, err);
        if (r >= 0)
            r = use_file(a, f, err);
    }
    return r < 0 ? r : 0;
}

static int read_lists(json_t *flags, const struct cluster_options *o, struct err *err)
{
    int r = set_list(flags, "requestheader-allowed-names", &o->allowed_names, err);

    if (r == 0)
        r = set_list(flags, "requestheader-username-headers", &o->username_headers, err);
    if (r == 0)
        r = set_list(flags, "requestheader-group-headers", &o->group_headers, err);
    return r == 0 ? set_list(flags, "requestheader-extra-headers-prefix", &o->extra_prefixes, err)
                  : r;
}

static void count_from_zero(struct authorities *a, struct metrics *m)
{
    a->config_map_refused = metrics_series(m, &authorities_refused, "configmap");
    for (size_t i = 0; i < AUTHORITY_FILES; i++)
        if (a->files[i].file.path)
            a->files[i].refused = metrics_series(m, &authorities_refused, a->files[i].key);
}

int authorities_start(struct authorities *a, struct kube *k, struct gate *gate,
                      const struct cluster_options *options, struct metrics *m, struct err *err)
{
    *a = (struct authorities){
        .gate = gate,
        .flags = json_object(),
        .files = {
            {.key = "client-ca-file", .file.path = options->client_ca_file},
            {.key = "requestheader-client-ca-file", .file.path = options->front_proxy_ca_file}}};
    count_from_zero(a, m);
    int r = a->flags ? read_lists(a->flags, options, err) : err_set(err, -ENOMEM, "out of memory");

    if (r == 0)
        r = read_files(a, err);
    if (r == 0 && !kube_watch_start(k, CONFIG_MAP_PATH, on_change, a))
        r = err_set(err, -ENOMEM, "out of memory");
    return r;
}

void authorities_done(struct authorities *a)
{
    json_decref(a->flags);
    json_decref(a->config_map);
    for (size_t i = 0; i < AUTHORITY_FILES; i++)
        pem_file_done(&a->files[i].file);
}
