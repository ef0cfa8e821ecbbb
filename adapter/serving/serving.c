// SPDX-License-Identifier: MIT
#include "adapter/serving/serving.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHECK_NS (10 * NS_PER_S) /* somebody may apply an APIService without its bundle again */
#define SOON_NS NS_PER_S
#define TRIES 3

static const char *const api_services[] = {"v1beta1.external.metrics.k8s.io",
                                           "v1beta1.custom.metrics.k8s.io",
                                           "v1beta2.custom.metrics.k8s.io"};

struct api_service { /* one of ours, perhaps */
    struct serving *serving;
    const char *name;
    bool under_way;
    bool trusts;     /* it names all authorities of the keyring, or is not ours */
    bool complained; /* that it cannot be read or changed; once is enough */
};

struct serving {
    struct serving_config config;
    struct keyring keyring;
    char *resource_version; /* of the Secret; NULL: there is none that we know */
    bool synced, storing;   /* the Secret was looked for; a change of it is under way */
    bool found;             /* in the list that is just being read */
    bool wanting;           /* it is not there, or of no use: ours has to be stored */
    struct api_service services[ARRAY_LEN(api_services)];
    uint64_t check_due_ns, store_due_ns;
    int64_t trusted_s; /* since when all services trust all authorities; 0: not yet */
};

static int64_t now_s(void)
{
    return (int64_t)(clock_wall_ns() / NS_PER_S);
}

static int64_t lifetime_s(const struct serving *s)
{
    return (int64_t)(s->config.lifetime_ns / NS_PER_S);
}

static int make_pair(const struct serving *s, struct pair *ret, struct err *err)
{
    const struct serving_config *c = &s->config;
    char names[4][600];
    const char *const pointers[] = {names[0], names[1], names[2], names[3], "localhost"};

    (void)snprintf(names[0], sizeof(names[0]), "%s.%s.svc", c->service, c->namespace);
    (void)snprintf(names[1], sizeof(names[1]), "%s.%s.svc.cluster.local", c->service, c->namespace);
    (void)snprintf(names[2], sizeof(names[2]), "%s.%s", c->service, c->namespace);
    (void)snprintf(names[3], sizeof(names[3]), "%s", c->service);
    return pair_make(pointers, ARRAY_LEN(pointers), now_s(), lifetime_s(s), ret, err);
}

const struct pair *serving_first(const struct serving *s)
{
    return &s->keyring.current;
}

/* ---- the Secret ---- */

static void look_at_services(struct serving *s)
{
    s->trusted_s = 0;
    s->check_due_ns = 0;
    for (size_t i = 0; i < ARRAY_LEN(s->services); i++)
        s->services[i].trusts = false;
}

static void remember_version(struct serving *s, const char *version)
{
    free(s->resource_version);
    s->resource_version = version ? strdup(version) : NULL;
}

/* Takes *k: what the Secret says now. */
static void adopt(struct serving *s, struct keyring *k)
{
    bool first = !s->synced;
    bool changed = strcmp(s->keyring.current.cert_pem, k->current.cert_pem) != 0;

    keyring_done(&s->keyring);
    s->keyring = *k;
    *k = (struct keyring){0};
    s->synced = true;
    s->wanting = false;
    look_at_services(s);
    if (first || changed)
        s->config.on_pair(s->config.arg, &s->keyring.current);
}

static void on_stored(void *arg, int result, int status, const json_t *object,
                      const struct err *err)
{
    struct serving *s = arg;

    (void)status;
    (void)object; /* the watch brings it */
    s->storing = false;
    if (result == -EEXIST) /* another replica was first: the watch brings that too */
        result = 0;
    if (result == 0)
        return;
    s->store_due_ns = clock_mono_ns() + SOON_NS;
    log_warn("the serving certificate cannot be stored", LOG_STR("secret", s->config.secret),
             LOG_STR("namespace", s->config.namespace), LOG_STR("cause", err->text));
}

static json_t *secret_new(const struct serving *s, const struct keyring *k)
{
    json_t *secret = json_pack("{s:s, s:s, s:{s:s, s:s, s:s*}, s:s, s:o}", "apiVersion", "v1",
                               "kind", "Secret", "metadata", "name", s->config.secret, "namespace",
                               s->config.namespace, "resourceVersion", s->resource_version, "type",
                               "Opaque", "data", keyring_to_data(k));
    return secret;
}

/* Creates the Secret, or changes the version of it that we know and no other. */
static void store(struct serving *s, const struct keyring *k)
{
    json_auto_t *secret = secret_new(s, k);
    char path[700];
    struct kube_request r = {.path = path, .body = secret, .tries = TRIES};

    if (s->resource_version) {
        r.method = "PATCH";
        r.content_type = KUBE_PATCH_MERGE;
        (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s/secrets/%s", s->config.namespace,
                       s->config.secret);
    } else {
        r.method = "POST";
        (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s/secrets", s->config.namespace);
    }
    s->storing = secret && kube_send(s->config.kube, &r, on_stored, s) > 0;
    s->store_due_ns = clock_mono_ns() + SOON_NS; /* the watch has that long to bring it */
}

static void take_secret(struct serving *s, const json_t *secret)
{
    struct keyring k = {0};
    struct err err = {0};
    const char *version =
        json_string_value(json_object_get(json_object_get(secret, "metadata"), "resourceVersion"));

    char name[600];

    (void)snprintf(name, sizeof(name), "%s.%s.svc", s->config.service, s->config.namespace);
    s->found = true;
    remember_version(s, version);
    int r = keyring_from_data(json_object_get(secret, "data"), &k, &err);
    if (r == 0 && !pair_is_for(&k.current, name)) {
        keyring_done(&k);
        r = err_set(&err, -EINVAL, "its certificate is not for %s", name);
    }
    if (r == 0) {
        adopt(s, &k);
        return;
    }
    log_warn("the Secret with the serving certificate is replaced", LOG_STR("cause", err.text));
    s->wanting = true;
}

static void miss_secret(struct serving *s)
{
    remember_version(s, NULL);
    s->wanting = true;
}

static void on_secret(void *arg, enum kube_change change, const json_t *object,
                      const struct err *err)
{
    struct serving *s = arg;

    switch (change) {
    case KUBE_LISTING:
        s->found = false;
        break;
    case KUBE_PUT:
        take_secret(s, object);
        break;
    case KUBE_SYNCED:
        if (!s->found)
            miss_secret(s);
        break;
    case KUBE_DELETED:
        miss_secret(s);
        break;
    case KUBE_FAILED:
        log_warn("no contact to the Secret with the serving certificate",
                 LOG_STR("secret", s->config.secret), LOG_STR("cause", err->text));
        break;
    }
}

/* ---- the APIServices ---- */

static void complain(struct api_service *a, const char *message, const struct err *err)
{
    if (!a->complained)
        log_warn(message, LOG_STR("apiservice", a->name), LOG_STR("cause", err->text));
    a->complained = true;
}

static void is_trusted(struct api_service *a)
{
    struct serving *s = a->serving;
    bool all = true;

    a->trusts = true;
    a->complained = false;
    for (size_t i = 0; i < ARRAY_LEN(s->services); i++)
        all &= s->services[i].trusts;
    if (all && !s->trusted_s)
        s->trusted_s = now_s();
}

static void on_patched(void *arg, int result, int status, const json_t *object,
                       const struct err *err)
{
    struct api_service *a = arg;

    (void)status;
    (void)object;
    a->under_way = false;
    if (result == 0) {
        log_info("trusted by", LOG_STR("apiservice", a->name));
        a->serving->check_due_ns = 0; /* look whether it is really there */
        return;
    }
    complain(a, "the caBundle cannot be set", err);
}

static char *bundle_base64(const struct serving *s)
{
    scoped(free_at) char *bundle = keyring_bundle(&s->keyring);
    scoped(buf_done) struct buf encoded = {.max = MIB};

    if (!bundle || base64_encode(&encoded, bundle, strlen(bundle)) < 0)
        return NULL;
    return buf_take(&encoded, NULL);
}

/* Points it to our Service, and is it for us to say whom it trusts? Whoever has it skip
 * verification, or lets cert-manager fill it in, has decided otherwise. */
static bool is_ours(const struct serving *s, const json_t *object)
{
    const json_t *spec = json_object_get(object, "spec");
    const json_t *service = json_object_get(spec, "service");
    const json_t *notes = json_object_get(json_object_get(object, "metadata"), "annotations");
    const char *name = json_string_value(json_object_get(service, "name"));
    const char *namespace = json_string_value(json_object_get(service, "namespace"));

    return name && namespace && strcmp(name, s->config.service) == 0 &&
           strcmp(namespace, s->config.namespace) == 0 &&
           !json_is_true(json_object_get(spec, "insecureSkipTLSVerify")) &&
           !json_object_get(notes, "cert-manager.io/inject-ca-from");
}

static void patch(struct api_service *a, const char *bundle)
{
    json_auto_t *body = json_pack("{s:{s:s}}", "spec", "caBundle", bundle);
    char path[128];
    const struct kube_request r = {.method = "PATCH",
                                   .path = path,
                                   .content_type = KUBE_PATCH_MERGE,
                                   .body = body,
                                   .tries = TRIES};

    (void)snprintf(path, sizeof(path), "/apis/apiregistration.k8s.io/v1/apiservices/%s", a->name);
    a->under_way = body && kube_send(a->serving->config.kube, &r, on_patched, a) > 0;
}

static void on_service(void *arg, int result, int status, const json_t *object,
                       const struct err *err)
{
    struct api_service *a = arg;
    const char *has =
        json_string_value(json_object_get(json_object_get(object, "spec"), "caBundle"));
    scoped(free_at) char *bundle = bundle_base64(a->serving);

    (void)status;
    a->under_way = false;
    if (result == -ENOENT || (result == 0 && !is_ours(a->serving, object)))
        is_trusted(a);
    else if (result < 0)
        complain(a, "an APIService cannot be read", err);
    else if (bundle && has && strcmp(has, bundle) == 0)
        is_trusted(a);
    else if (bundle)
        patch(a, bundle);
}

static void check_services(struct serving *s, uint64_t mono_ns)
{
    char path[128];
    const struct kube_request r = {.path = path, .tries = TRIES};

    if (mono_ns < s->check_due_ns)
        return;
    s->check_due_ns = mono_ns + CHECK_NS;
    for (size_t i = 0; i < ARRAY_LEN(s->services); i++) {
        struct api_service *a = &s->services[i];
        if (a->under_way)
            continue;
        (void)snprintf(path, sizeof(path), "/apis/apiregistration.k8s.io/v1/apiservices/%s",
                       a->name);
        a->under_way = kube_send(s->config.kube, &r, on_service, a) > 0;
    }
}

/* ---- the steps ---- */

static int copy_keyring(const struct keyring *from, struct keyring *ret)
{
    json_auto_t *data = keyring_to_data(from);

    return data ? keyring_from_data(data, ret, NULL) : -ENOMEM;
}

/* Stores what the keyring will be; it becomes so when the watch brings it. */
static void take_step(struct serving *s, enum keyring_step step)
{
    static const char *const names[] = {"nothing", "prepare", "switch", "forget"};
    struct keyring k = {0};
    struct pair next = {0};
    int r = copy_keyring(&s->keyring, &k);

    if (r == 0 && step == KEYRING_PREPARE)
        r = make_pair(s, &next, NULL);
    if (r == 0) {
        if (step == KEYRING_PREPARE)
            keyring_prepare(&k, &next);
        else if (step == KEYRING_SWITCH)
            keyring_switch(&k);
        else
            keyring_forget(&k);
        log_info("the serving certificate is renewed", LOG_STR("step", names[step]));
        store(s, &k);
    }
    keyring_done(&k);
}

uint64_t serving_run(struct serving *s)
{
    uint64_t mono_ns = clock_mono_ns();
    enum keyring_step step = keyring_step(&s->keyring, now_s(), s->trusted_s);
    bool may_store = !s->storing && mono_ns >= s->store_due_ns;

    if (s->wanting && may_store)
        store(s, &s->keyring);
    else if (s->synced && may_store && step != KEYRING_NOTHING)
        take_step(s, step);
    if (s->synced)
        check_services(s, mono_ns);
    return SOON_NS;
}

int serving_new(struct serving **ret, const struct serving_config *config, struct err *err)
{
    struct serving *s = calloc(1, sizeof(*s));
    char path[700];

    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    s->config = *config;
    for (size_t i = 0; i < ARRAY_LEN(api_services); i++)
        s->services[i] = (struct api_service){.serving = s, .name = api_services[i]};

    int r = make_pair(s, &s->keyring.current, err);
    (void)snprintf(path, sizeof(path),
                   "/api/v1/namespaces/%s/secrets?fieldSelector=metadata.name%%3D%s",
                   config->namespace, config->secret);
    if (r == 0 && !kube_watch_start(config->kube, path, on_secret, s))
        r = err_set(err, -ENOMEM, "out of memory");
    if (r < 0) {
        serving_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void serving_free(struct serving *s)
{
    if (!s)
        return;
    keyring_done(&s->keyring);
    free(s->resource_version);
    free(s);
}
