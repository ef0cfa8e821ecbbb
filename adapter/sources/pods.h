// SPDX-License-Identifier: MIT
/* pods: the /metrics page of each pod of a Service, or of those that a label selector selects.
 *
 *     pods: {namespace: shop, service: web, metric: http_requests_total}
 *     pods: {namespace: shop, selector: app=web, port: 8080, path: /stats, metric: depth}
 *
 * The API server says which pods there are; they are asked at their own addresses, side by side.
 * Each pod is a sample with the labels namespace and pod, whose value is the sum of its series.
 * Which series count, and when they are rates, is scrape.h's; a pod that was replaced under its
 * name begins anew. Only pods that are ready are asked (pod_list.h).
 *
 * A pod whose page has no such series has no sample, as a new one has no rate yet. One that cannot
 * be read has a sample without a value (sample.h's fault), because missing is not zero: an HPA
 * takes that one pod for missing, and a sum is none. Should no pod be read at all, the poll has
 * failed. */
#ifndef ADAPTER_SOURCES_PODS_H
#define ADAPTER_SOURCES_PODS_H

#include "adapter/source.h"

#define PODS_MAX 500            /* of one source; with more there is no value */
#define PODS_SIDE_BY_SIDE 32    /* requests under way */
#define PODS_BODY_MAX (4 * MIB) /* of one page */

extern const struct source_kind pods_kind;

#endif
