// SPDX-License-Identifier: MIT
/* endpoint: where an HTTP source is and how we say who we are. These fields stand beside the others
 * of every source that speaks HTTP:
 *
 *     url: https://queue:8443/depth
 *     basic: {username: reader, password: {file: /etc/queue/password}}
 *     bearerToken: {env: QUEUE_TOKEN}
 *     apiKey: {header: X-API-KEY, value: {file: ...}}     # or {query: api_key, value: …}
 *     headers: {X-Scope-OrgID: team}
 *     tls: {caFile: ..., certFile: ..., keyFile: ..., insecureSkipVerify: true}
 *     timeout: 2s
 *     method: POST                                        # of kinds whose server takes it
 *
 * Secrets are read anew for each request, and certificates at each handshake. Immutable once read,
 * and counted: any thread. */
#ifndef ADAPTER_SOURCES_ENDPOINT_H
#define ADAPTER_SOURCES_ENDPOINT_H

#include "adapter/source.h"

struct endpoint;

/* For the tables of kinds: the members that all endpoints have, those beside the url, and the
 * method of those whose server takes parameters as a form, too. */
#define ENDPOINT_MEMBERS {"url", true}, ENDPOINT_OPTIONS
#define ENDPOINT_OPTIONS                                                                           \
    {"basic", false}, {"bearerToken", false}, {"apiKey", false}, {"headers", false},               \
        {"tls", false},                                                                            \
    {                                                                                              \
        "timeout", false                                                                           \
    }
#define ENDPOINT_METHOD                                                                            \
    {                                                                                              \
        "method", false                                                                            \
    }

/* Reads these members of the mapping at path: *ret is new. */
int endpoint_read_config(const struct strict *s, const json_t *mapping, const char *path,
                         struct endpoint **ret);

/* The same for an address that the kind made, which is right. */
int endpoint_read_options(const struct strict *s, const json_t *mapping, const char *path,
                          const char *url, struct endpoint **ret);

/* The same with another timeout ("10s") where the mapping has none. */
int endpoint_read_slow_config(const struct strict *s, const json_t *mapping, const char *path,
                              const char *timeout, struct endpoint **ret);

/* From an address alone. -EINVAL with a sentence that does not repeat it, or -ENOMEM. */
int endpoint_new(const char *url, struct endpoint **ret, struct err *err);

struct endpoint *endpoint_ref(struct endpoint *e);
void endpoint_unref(struct endpoint *e); /* NULL does nothing */

const char *endpoint_shown_as(const struct endpoint *e); /* url without secrets and query */
const char *endpoint_host(const struct endpoint *e);     /* "rabbit:15672" */
const char *endpoint_path(const struct endpoint *e);     /* of the url: "" or "/..." */
const char *endpoint_key(const struct endpoint *e);      /* identity, without secrets */
uint64_t endpoint_timeout_ns(const struct endpoint *e);

/* Fills in the request: GET the endpoint's url with path (as encoded; NULL: none) put behind its
 * own path, and parameters (encoded here) behind its query; by method POST they are a form instead,
 * for servers and proxies that take no long address. Errors follow the source's name. */
int endpoint_request(const struct endpoint *e, const char *path, const struct label *parameters,
                     size_t count, struct source_request *ret, struct err *err);

/* The same at another server, "host:port", of the same family. */
int endpoint_request_at(const struct endpoint *e, const char *host, const char *path,
                        const struct label *parameters, size_t count, struct source_request *ret,
                        struct err *err);

/* 0 for 2xx, else -EBADMSG with "answers 401". */
int endpoint_check_status(int status, struct err *err);

/* The JSON document in a body: new in *ret; -ENOMSG with a sentence that repeats nothing of it.
 * Integers may be reals: read them as numbers. */
int endpoint_read_json(const struct buf *body, json_t **ret, struct err *err);

/* Both: the document of an answer that is good. */
int endpoint_read_answer(int status, const struct buf *body, json_t **ret, struct err *err);

void endpoint_help(FILE *out); /* the members but url, for --help */

#endif
