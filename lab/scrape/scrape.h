// SPDX-License-Identifier: MIT
/* scrape: the lab's objects as the series that kube-state-metrics and the kubelet's cAdvisor make
 * of a cluster's, so that one dashboard serves both.
 *
 * Names, labels and values follow kube-state-metrics v2 and cAdvisor; labels that nothing here
 * could fill (uid, node, image, id) are left out. They are made from the store at each scrape. Any
 * thread.
 */
#ifndef LAB_SCRAPE_H
#define LAB_SCRAPE_H

#include <stdio.h>

struct metrics;
struct store;

struct scrape { /* borrowed, both; lives as long as the registry is written */
    struct metrics *metrics;
    struct store *store;
};

/* From now on each metrics_write has them. */
void scrape_init(struct scrape *s, struct metrics *metrics, struct store *store);

void scrape_help(FILE *out);

#endif
