// SPDX-License-Identifier: MIT
/* attributes: what a request wants to do, in the words that RBAC knows. Any thread.
 *
 * Source: k8s.io/apiserver, pkg/endpoints/request/requestinfo.go, for the paths of metrics APIs. */
#ifndef ADAPTER_AUTH_ATTRIBUTES_H
#define ADAPTER_AUTH_ATTRIBUTES_H

#include "base/buf.h"
#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>

#define ATTRIBUTE_MAX_BYTES 512 /* of one segment; a longer path is no resource's */

struct attributes {
    bool is_resource;
    char verb[24];
    const char *path; /* as asked for; borrowed */
    char group[ATTRIBUTE_MAX_BYTES], version[ATTRIBUTE_MAX_BYTES], namespace[ATTRIBUTE_MAX_BYTES],
        resource[ATTRIBUTE_MAX_BYTES], name[ATTRIBUTE_MAX_BYTES], subresource[ATTRIBUTE_MAX_BYTES];
};

void attributes_of(const struct http_request *r, struct attributes *ret);

/* {"resourceAttributes": {...}} or {"nonResourceAttributes": {...}}. New; NULL: out of memory. */
json_t *attributes_to_json(const struct attributes *a);

/* Appends a text that no other attributes have. Errors as buf_append. */
int attributes_write_key(const struct attributes *a, struct buf *out);

/* Writes the sentence of a 403, which says what a person has to allow whom. Returns text. */
char *attributes_forbidden(const struct attributes *a, const char *user, char *text, size_t size);

#endif
