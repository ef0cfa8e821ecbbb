// SPDX-License-Identifier: MIT
#include "adapter/cluster/cluster.h"

#include "adapter/auth/gate.h"
#include "adapter/cluster/authorities.h"
#include "adapter/serving/files.h"
#include "adapter/serving/serving.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "http/fetch.h"
#include "kube/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Names of prometheus-adapter's command line, so that its Deployment needs only another image. */
static const struct opt opts[] = {
    {"kubeconfig", OPT_STRING, offsetof(struct cluster_options, kubeconfig), NULL,
     "How to reach the API server; without it, the pod's account."},
    {"lister-kubeconfig", OPT_STRING, offsetof(struct cluster_options, lister_kubeconfig), NULL,
     "For the objects that rules tell of; without it, --kubeconfig, and the other way round."},
    {"authentication-kubeconfig", OPT_STRING,
     offsetof(struct cluster_options, authentication_kubeconfig), NULL,
     "For TokenReviews and the cluster's authorities; without it, --kubeconfig."},
    {"authorization-kubeconfig", OPT_STRING,
     offsetof(struct cluster_options, authorization_kubeconfig), NULL,
     "For SubjectAccessReviews; without it, --kubeconfig."},
    {"authorization-always-allow-paths", OPT_STRING, offsetof(struct cluster_options, open_paths),
     NULL, "Paths that everybody may read beside /healthz, /livez and /readyz, with commas."},
    {"client-ca-file", OPT_STRING, offsetof(struct cluster_options, client_ca_file), NULL,
     "Who signs client certificates (PEM), read again when it changes; without it, whom the "
     "cluster says."},
    {"requestheader-client-ca-file", OPT_STRING,
     offsetof(struct cluster_options, front_proxy_ca_file), NULL,
     "Who signs the front proxy's certificate (PEM), read again when it changes; without it, whom "
     "the cluster says."},
    {"requestheader-allowed-names", OPT_LIST, offsetof(struct cluster_options, allowed_names), NULL,
     "CommonName that the front proxy may have; without it, what the cluster says."},
    {"requestheader-username-headers", OPT_LIST, offsetof(struct cluster_options, username_headers),
     NULL, "Header in which the front proxy names the user; without it, what the cluster says."},
    {"requestheader-group-headers", OPT_LIST, offsetof(struct cluster_options, group_headers), NULL,
     "Header in which it names a group; without it, what the cluster says."},
    {"requestheader-extra-headers-prefix", OPT_LIST,
     offsetof(struct cluster_options, extra_prefixes), NULL,
     "How headers begin in which it says more; without it, what the cluster says."},
    {"tls-cert-file", OPT_STRING, offsetof(struct cluster_options, cert_file), NULL,
     "Serving certificate and its chain (PEM), read again when it changes. Without it the adapter "
     "makes its own."},
    {"tls-private-key-file", OPT_STRING, offsetof(struct cluster_options, key_file), NULL,
     "The certificate's private key (PEM)."},
    {"cert-dir", OPT_STRING, offsetof(struct cluster_options, cert_dir), NULL,
     "Folder with apiserver.crt and apiserver.key, which serve as those two when they are there."},
    {"service-name", OPT_STRING, offsetof(struct cluster_options, service_name), "adapter",
     "Our Service: the name in the adapter's own certificate."},
    {"service-namespace", OPT_STRING, offsetof(struct cluster_options, service_namespace), NULL,
     "Its namespace; without it, the account's."},
    {"serving-secret", OPT_STRING, offsetof(struct cluster_options, serving_secret),
     "swell-adapter-serving", "Secret in which the adapter's own certificate is kept."},
    {"serving-certificate-lifetime", OPT_DURATION,
     offsetof(struct cluster_options, serving_lifetime_ns), "2160h",
     "How long the adapter's own certificate is good; renewed after two thirds.", .min = 9,
     .max = 10.0 * 365 * 86400},
};
const struct opt_group cluster_flags = {opts, ARRAY_LEN(opts)};

static const struct metric_desc certificate_end = {
    "swell_adapter_certificate_expiry_timestamp_seconds",
    METRIC_GAUGE,
    "When the serving certificate ends, in seconds since 1970.",
    {0}};

static const struct metric_desc certificate_refused = {
    "swell_adapter_certificate_refused",
    METRIC_GAUGE,
    "1 while the newest serving certificate cannot be used and the one before is shown.",
    {0}};

struct cluster {
    struct cluster_options options;
    struct service *service;
    struct kube_access accesses[3]; /* by enum role */
    struct kube *clients[3];
    struct fetcher *fetcher; /* the thread's, but for fetcher_wake */
    struct gate *gate;
    struct authorities authorities;
    struct serving *serving; /* NULL with files */
    struct serving_files files;
    char *cert_in_dir, *key_in_dir;
    bool has_certificate, said_ready;
    pthread_mutex_t lock; /* guards server_gone, and the server while it gets a certificate */
    bool server_gone;
    pthread_t thread;
    bool running;
    atomic_bool stop;
};

enum role { ROLE_OBJECTS, ROLE_AUTHENTICATION, ROLE_AUTHORIZATION };

void cluster_help(FILE *out)
{
    const struct metric_desc *const descs[] = {&certificate_end, &certificate_refused};

    gate_help(out);
    authorities_help(out);
    metrics_help(descs, ARRAY_LEN(descs), out);
}

/* ---- the certificate ---- */

static void set_certificate(struct cluster *c, const char *cert_pem, const char *key_pem)
{
    struct err err = {0};
    int64_t end_s = 0;
    int r = 0;

    pthread_mutex_lock(&c->lock);
    if (!c->server_gone)
        r = http_server_set_certificate(service_server(c->service), cert_pem, key_pem, &err);
    pthread_mutex_unlock(&c->lock);
    metric_set(metrics_series(service_metrics(c->service), &certificate_refused), r < 0);
    if (r < 0) {
        log_error("the new serving certificate is not used", LOG_STR("cause", err.text),
                  LOG_STR("keeping", "the last"));
        return;
    }
    c->has_certificate = true;
    if (pair_certificate_end(cert_pem, &end_s) == 0)
        metric_set(metrics_series(service_metrics(c->service), &certificate_end), (double)end_s);
    log_info("serving certificate",
             LOG_INT("days", (end_s - (int64_t)(clock_wall_ns() / NS_PER_S)) / 86400));
}

static void on_pair(void *arg, const struct pair *p)
{
    set_certificate(arg, p->cert_pem, p->key_pem);
}

static uint64_t run_certificate(struct cluster *c)
{
    uint64_t wait_ns;

    if (c->serving)
        return serving_run(c->serving);
    if (serving_files_changed(&c->files, clock_mono_ns(), &wait_ns) || !c->has_certificate)
        set_certificate(c, c->files.cert.pem.data, c->files.key.pem.data);
    return wait_ns;
}

/* ---- the thread ---- */

/* Once: readiness is not lost again because an API server is away. */
static void say_ready(struct cluster *c)
{
    if (c->said_ready || !c->has_certificate || !c->authorities.known)
        return;
    c->said_ready = true;
    log_info("ready");
    service_set_ready(c->service, true);
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static void *run(void *arg)
{
    struct cluster *c = arg;

    while (!atomic_load(&c->stop)) {
        uint64_t wait_ns =
            sooner(run_certificate(c), authorities_run(&c->authorities, clock_mono_ns()));
        gate_run(c->gate);
        for (size_t i = 0; i < ARRAY_LEN(c->clients); i++)
            wait_ns = sooner(wait_ns, kube_run(c->clients[i]));
        say_ready(c);
        fetcher_wait(c->fetcher, NULL, 0, wait_ns);
    }
    return NULL;
}

int cluster_start(struct cluster *c, struct err *err)
{
    int r = pthread_create(&c->thread, NULL, run, c);

    if (r != 0)
        return err_errno(err, r, "cannot start the cluster's thread");
    c->running = true;
    return 0;
}

void cluster_quiesce(struct cluster *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->server_gone = true;
    pthread_mutex_unlock(&c->lock);
}

void cluster_stop(struct cluster *c)
{
    if (!c || !c->running)
        return;
    atomic_store(&c->stop, true);
    fetcher_wake(c->fetcher);
    (void)pthread_join(c->thread, NULL);
    c->running = false;
    for (size_t i = 0; i < ARRAY_LEN(c->clients); i++) {
        kube_free(c->clients[i]);
        c->clients[i] = NULL;
    }
}

/* ---- the parts ---- */

static int find_access(struct cluster *c, struct err *err)
{
    const struct cluster_options *o = &c->options;
    const char *objects = o->kubeconfig ? o->kubeconfig : o->lister_kubeconfig;
    const char *const files[] = {
        [ROLE_OBJECTS] = objects,
        [ROLE_AUTHENTICATION] =
            o->authentication_kubeconfig ? o->authentication_kubeconfig : objects,
        [ROLE_AUTHORIZATION] = o->authorization_kubeconfig ? o->authorization_kubeconfig : objects,
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_LEN(files) && r == 0; i++)
        r = kube_access_find(files[i], &c->accesses[i], err);
    return r;
}

static int make_clients(struct cluster *c, struct err *err)
{
    c->fetcher = fetcher_new();
    for (size_t i = 0; c->fetcher && i < ARRAY_LEN(c->clients); i++)
        c->clients[i] = kube_new(c->fetcher, &c->accesses[i]);
    for (size_t i = 0; i < ARRAY_LEN(c->clients); i++)
        if (!c->clients[i])
            return err_set(err, -ENOMEM, "out of memory");
    return 0;
}

static int make_gate(struct cluster *c, struct err *err)
{
    const struct gate_config config = {
        .reviews = {.token_reviews = c->clients[ROLE_AUTHENTICATION],
                    .access_reviews = c->clients[ROLE_AUTHORIZATION],
                    .fetcher = c->fetcher,
                    .metrics = service_metrics(c->service)},
        .open_paths = c->options.open_paths,
    };

    c->gate = gate_new(&config);
    if (!c->gate)
        return err_set(err, -ENOMEM, "out of memory");
    return authorities_start(&c->authorities, c->clients[ROLE_AUTHENTICATION], c->gate, &c->options,
                             service_metrics(c->service), err);
}

/* apiserver.crt and apiserver.key are the names that the Kubernetes libraries look for. */
static int look_into_cert_dir(struct cluster *c, struct err *err)
{
    const char *dir = c->options.cert_dir;

    if (!dir || c->options.cert_file)
        return 0;
    if (asprintf(&c->cert_in_dir, "%s/apiserver.crt", dir) < 0 ||
        asprintf(&c->key_in_dir, "%s/apiserver.key", dir) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    if (access(c->cert_in_dir, R_OK) == 0 && access(c->key_in_dir, R_OK) == 0) {
        c->options.cert_file = c->cert_in_dir;
        c->options.key_file = c->key_in_dir;
    }
    return 0;
}

static int make_certificate(struct cluster *c, struct err *err)
{
    const struct cluster_options *o = &c->options;
    int r = look_into_cert_dir(c, err);

    if (r < 0)
        return r;
    if (!o->cert_file != !o->key_file)
        return err_set(err, -EINVAL, "--tls-cert-file and --tls-private-key-file need each other");
    if (o->cert_file) {
        c->files.cert.path = o->cert_file;
        c->files.key.path = o->key_file;
        return serving_files_read(&c->files, err);
    }
    const char *namespace = c->accesses[ROLE_OBJECTS].namespace;
    const struct serving_config config = {
        .kube = c->clients[ROLE_OBJECTS],
        .namespace = o->service_namespace ? o->service_namespace : namespace,
        .service = o->service_name,
        .secret = o->serving_secret,
        .lifetime_ns = o->serving_lifetime_ns,
        .on_pair = on_pair,
        .arg = c,
    };
    return serving_new(&c->serving, &config, err);
}

int cluster_new(struct cluster **ret, const struct cluster_options *options,
                struct service *service, struct err *err)
{
    struct cluster *c = calloc(1, sizeof(*c));

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&c->lock, NULL);
    c->options = *options;
    c->service = service;
    for (size_t i = 0; i < ARRAY_LEN(c->accesses); i++)
        c->accesses[i] = (struct kube_access)KUBE_ACCESS_INIT;

    int r = find_access(c, err);
    if (r == 0)
        r = make_clients(c, err);
    if (r == 0)
        r = make_gate(c, err);
    if (r == 0)
        r = make_certificate(c, err);
    if (r < 0) {
        cluster_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void cluster_configure(const struct cluster *c, struct http_server_config *ret)
{
    const struct pair *own = c->serving ? serving_first(c->serving) : NULL;

    ret->tls_cert_pem = own ? own->cert_pem : c->files.cert.pem.data;
    ret->tls_key_pem = own ? own->key_pem : c->files.key.pem.data;
    ret->ask_client_certificate = true;
    ret->admit = gate_admit;
    ret->admit_arg = c->gate;
}

void cluster_free(struct cluster *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < ARRAY_LEN(c->clients); i++)
        kube_free(c->clients[i]);
    gate_free(c->gate);
    authorities_done(&c->authorities);
    serving_free(c->serving);
    serving_files_done(&c->files);
    fetcher_free(c->fetcher);
    for (size_t i = 0; i < ARRAY_LEN(c->accesses); i++)
        kube_access_done(&c->accesses[i]);
    free(c->cert_in_dir);
    free(c->key_in_dir);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
