// SPDX-License-Identifier: MIT
/* usage_feed: what pods and nodes use, as somebody who measures it tells it: the section usage.
 *
 *     usage:
 *       pods: {url: "http://lab:8080/apis/metrics.k8s.io/v1beta1/pods"}     # a PodMetricsList
 *       nodes: {url: "http://lab:8080/apis/metrics.k8s.io/v1beta1/nodes"}   # a NodeMetricsList
 *       interval: 5s
 *       maxAge: 60s
 *
 * The lists are those of metrics.k8s.io/v1beta1: of each object name, namespace, labels, timestamp,
 * window, and cpu and memory of the containers or of the node, all needed but labels. A list with
 * an item that is none is refused whole, and the last one is held (reading.h).
 *
 * An object is one sample: its measured_wall_ns is the feeder's timestamp, its value says nothing,
 * and its labels are below. Read-only once read: any thread. */
#ifndef ADAPTER_USAGE_FEED_H
#define ADAPTER_USAGE_FEED_H

#include "adapter/query.h"
#include "kube/strict.h"

#include <stdio.h>

/* The labels of a sample. */
#define USAGE_NAMESPACE "namespace" /* "" of a node */
#define USAGE_NAME "name"
#define USAGE_LABELS "labels" /* JSON: the object's labels */
#define USAGE_ITEM "item"     /* JSON: an item of a list of metrics.k8s.io */

struct usage_feed {                /* {0}: there is none */
    struct query_spec pods, nodes; /* hold references to their sources; a NULL source: none */
    uint64_t max_age_ns;
};

/* Absent: none. ret is {0} before; usage_feed_done releases it, also after a failure. */
int usage_feed_read_config(const struct strict *s, const json_t *document, struct usage_feed *ret);
void usage_feed_done(struct usage_feed *f);

void usage_feed_print(const struct usage_feed *f, FILE *out); /* one line each */
void usage_feed_help(FILE *out);

#endif
