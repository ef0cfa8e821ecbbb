// SPDX-License-Identifier: MIT
/* kinds: the kinds of objects that the lab keeps, in one table: storage, API paths, discovery and
 * the check of manifests all read it. */
#ifndef LAB_KINDS_H
#define LAB_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum kind_id {
    KIND_POD,
    KIND_SERVICE,
    KIND_CONFIGMAP,
    KIND_EVENT,
    KIND_DEPLOYMENT,
    KIND_HPA,
    KIND_POD_METRICS,
    KIND_APISERVICE,
    KIND_DECISION,
    KIND_LOAD,
    KIND_QUEUE,
    KIND_COUNT
};

struct kind {
    enum kind_id id;
    const char *group, *version; /* group "" is the core group */
    const char *kind, *resource, *singular;
    const char *short_name; /* or NULL */
    bool namespaced;
    bool from_manifest; /* a person may write it; the others are made by the lab */
};

extern const struct kind kinds[KIND_COUNT];

/* By apiVersion ("apps/v1") and kind, or by the parts of an API path. NULL when unknown. */
const struct kind *kind_find(const char *api_version, const char *kind);
const struct kind *kind_find_resource(const char *group, const char *version, const char *resource);

/* "apps/v1", or "v1" for the core group. Returns text. */
char *kind_api_version(const struct kind *k, char *text, size_t size);

#endif
