// SPDX-License-Identifier: MIT
/* discovery_documents: the texts of discovery, made from a list of metrics. Inside adapter/api.
 * Immutable once made and counted: any thread. */
#ifndef ADAPTER_API_DISCOVERY_DOCUMENTS_H
#define ADAPTER_API_DISCOVERY_DOCUMENTS_H

#include "adapter/api/discovery.h"

enum document_id {
    DOCUMENT_GROUPS,     /* /apis */
    DOCUMENT_AGGREGATED, /* the same, aggregated, version v2 */
    DOCUMENT_EXTERNAL,   /* /apis/external.metrics.k8s.io */
    DOCUMENT_EXTERNAL_V1BETA1,
    DOCUMENT_CUSTOM,
    DOCUMENT_CUSTOM_V1BETA1,
    DOCUMENT_CUSTOM_V1BETA2,
    DOCUMENT_RESOURCE, /* absent unless there are resource metrics */
    DOCUMENT_RESOURCE_V1BETA1,
};
#define DOCUMENTS 9

struct document {
    char *text; /* NULL: absent */
    size_t len;
    char etag[24]; /* of the text, with its quotes */
};

struct documents {
    struct document of[DOCUMENTS];
};

/* NULL when out of memory. */
struct documents *documents_new(const struct discovery_input *input,
                                struct metric_conflicts ret_conflicts[PASS_GROUPS]);

/* The aggregated document in version v2beta1, which differs in its name only and is for API servers
 * before 1.30: made when one asks, as it is as large as all others. New in ret->text. 0 or -ENOMEM.
 */
int documents_aggregated_beta(const struct documents *d, struct document *ret);

struct documents *documents_ref(struct documents *d);
void documents_unref(struct documents *d); /* NULL does nothing */

#endif
