// SPDX-License-Identifier: MIT
#include "adapter/front.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define SECURE_PORT 6443

/* API servers keep up to 25 idle connections each; plus probes, scrapes and people. */
#define CONNECTIONS_MAX 256
#define PROBE_CONNECTIONS_MAX 64

/* Users with hundreds of groups are named in as many lines, and tokens can be long: room for 64 KiB
 * of headers and for what libmicrohttpd notes of 300 lines. No more, as it clears all of it for
 * each request, which makes it resident. */
#define HEADERS_MAX (88 * KIB)

static const char *const tls_versions[] = {"VersionTLS12", NULL};

static const struct opt opts[] = {
    {"address", OPT_STRING, offsetof(struct front_options, address), "0.0.0.0",
     "Numeric address to listen on."},
    {"bind-address", OPT_STRING, offsetof(struct front_options, bind_address), NULL,
     "The same, as prometheus-adapter calls it; wins over --address."},
    {"secure-port", OPT_U64, offsetof(struct front_options, secure_port), NULL,
     "TCP port for HTTPS, where the API server decides who may read; 0 picks a free one. Default "
     "6443.",
     .max = 65535},
    {"port", OPT_U64, offsetof(struct front_options, port), NULL,
     "TCP port for plain HTTP instead, open to everybody who reaches it: for a lab without an API "
     "server; 0 picks a free one.",
     .max = 65535},
    {"probe-port", OPT_U64, offsetof(struct front_options, probe_port), NULL,
     "TCP port for plain HTTP beside HTTPS, with /healthz, /livez, /readyz, /metrics and /version "
     "only; 0 picks a free one. None without it.",
     .max = 65535},
    {"tls-min-version", OPT_CHOICE, offsetof(struct front_options, tls_min_version), "VersionTLS12",
     "Older versions of TLS are never spoken.", .choices = tls_versions},
    {"tls-cipher-suites", OPT_STRING, offsetof(struct front_options, cipher_suites), NULL,
     "Read for prometheus-adapter's sake, without effect: GnuTLS' suites for TLS 1.2 and 1.3 are "
     "spoken."},
};
const struct opt_group front_flags = {opts, ARRAY_LEN(opts)};

struct front {
    struct service *service;
    struct cluster *cluster;    /* NULL in plain HTTP */
    struct http_server *probes; /* NULL: none */
    struct http_routes probe_routes;
};

void front_help(FILE *out)
{
    cluster_help(out);
}

static bool is_set(uint64_t port)
{
    return port != FRONT_PORT_UNSET;
}

static const char *address_of(const struct front_options *o)
{
    return o->bind_address ? o->bind_address : o->address;
}

static int refuse_contradictions(const struct front_options *o, struct err *err)
{
    if (!is_set(o->port))
        return 0;
    if (is_set(o->secure_port) || is_set(o->probe_port))
        return err_set(err, -EINVAL,
                       "--port is plain HTTP for everything, and goes with neither --secure-port "
                       "nor --probe-port");
    if (o->cluster.cert_file || o->cluster.key_file)
        return err_set(err, -EINVAL,
                       "--port is plain HTTP: --tls-cert-file and --tls-private-key-file go with "
                       "--secure-port");
    return 0;
}

static int start_probes(struct front *f, const struct front_options *o, struct err *err)
{
    const struct http_server_config config = {.address = address_of(o),
                                              .port = (uint16_t)o->probe_port,
                                              .routes = &f->probe_routes,
                                              .routes_count = 1,
                                              .threads = 1,
                                              .max_connections = PROBE_CONNECTIONS_MAX,
                                              .cut_waiting = true};

    if (!is_set(o->probe_port))
        return 0;
    f->probe_routes = service_routes(f->service);
    int r = http_server_start(&f->probes, &config, err);
    if (r == 0)
        log_info("probes", LOG_STR("address", address_of(o)),
                 LOG_INT("port", http_server_port(f->probes)));
    return r;
}

static int start(struct front *f, const struct front_options *o, const struct http_routes *routes,
                 size_t count, struct err *err)
{
    struct http_server_config config = {.address = address_of(o),
                                        .port = (uint16_t)o->port,
                                        .error_reply = status_reply,
                                        .id_header = "Audit-Id", /* as API servers name it */
                                        .max_connections = CONNECTIONS_MAX,
                                        .max_header_bytes = HEADERS_MAX};
    int r = refuse_contradictions(o, err);

    if (r == 0 && !is_set(o->port)) {
        config.port = (uint16_t)(is_set(o->secure_port) ? o->secure_port : SECURE_PORT);
        r = cluster_new(&f->cluster, &o->cluster, f->service, err);
        if (r == 0)
            cluster_configure(f->cluster, &config);
    }
    if (r == 0)
        r = service_start(f->service, &config, routes, count, err);
    return r == 0 ? start_probes(f, o, err) : r;
}

int front_start(struct front **ret, const struct front_options *options, struct service *service,
                const struct http_routes *routes, size_t count, struct err *err)
{
    struct front *f = calloc(1, sizeof(*f));

    if (!f)
        return err_set(err, -ENOMEM, "out of memory");
    f->service = service;
    int r = start(f, options, routes, count, err);
    if (r < 0) {
        front_stop(f, 0);
        front_free(f);
        return r;
    }
    *ret = f;
    return 0;
}

int front_go(struct front *f, struct err *err)
{
    if (f->cluster)
        return cluster_start(f->cluster, err);
    service_set_ready(f->service, true);
    return 0;
}

/* The cluster last: requests that wait for a decision may still get it while the server drains. */
void front_stop(struct front *f, uint64_t timeout_ns)
{
    if (!f)
        return;
    cluster_quiesce(f->cluster);
    (void)service_stop(f->service, timeout_ns);
    (void)http_server_stop(f->probes, 0);
    f->probes = NULL;
    cluster_stop(f->cluster);
}

void front_free(struct front *f)
{
    if (!f)
        return;
    cluster_free(f->cluster);
    free(f);
}
