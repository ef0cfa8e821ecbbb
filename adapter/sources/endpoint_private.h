// SPDX-License-Identifier: MIT
/* endpoint_private: the memory of an endpoint, shared by endpoint.c and endpoint_request.c. */
#ifndef ADAPTER_SOURCES_ENDPOINT_PRIVATE_H
#define ADAPTER_SOURCES_ENDPOINT_PRIVATE_H

#include "adapter/sources/endpoint.h"
#include "adapter/sources/secret.h"
#include "adapter/sources/tls_files.h"

/* With Accept, the API key, a form's type and a NULL there is room in http_call. */
#define EXTRA_HEADERS_MAX 4

struct endpoint {
    atomic_uint refs;
    char *scheme;   /* "https://" */
    char *userinfo; /* "user:password@", maybe "": a secret */
    char *host;     /* with the port */
    char *path;
    char *query; /* with its "?", maybe "": maybe a secret */
    char *shown_as, *key;

    char *username;
    struct secret password, bearer, api_key;
    char *api_key_header, *api_key_query;
    char *headers[EXTRA_HEADERS_MAX];
    size_t header_count;
    bool posts; /* parameters, as a form */
    struct tls_files tls;
    uint64_t timeout_ns;
};

bool endpoint_is_header_value(const char *value);

#endif
