// SPDX-License-Identifier: MIT
/* tls_server: our server with a certificate of its own, for the tests of a file. */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include "certificate.h"

#include "http/client.h"

static struct certificate own, other; /* the server's, and one of somebody else */
static struct http_server *server;
static char url[64]; /* ends in a slash */

static inline int tls_server_start(const struct http_routes *routes)
{
    certificate_make(&own);
    certificate_make(&other);
    server = wire_start(routes, (struct http_server_config){.tls_cert_pem = own.cert.data,
                                                            .tls_key_pem = own.key.data,
                                                            .ask_client_certificate = true});
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", http_server_port(server));
    return http_client_setup();
}

static inline int tls_server_stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    http_client_teardown();
    certificate_done(&own);
    certificate_done(&other);
    return 0;
}

#endif
