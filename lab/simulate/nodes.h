// SPDX-License-Identifier: MIT
/* nodes: the CPU that a cluster has to give away, node by node, as its scheduler counts it: by what
 * pods request. A pod takes the first node that has room. One thread. */
#ifndef LAB_SIMULATE_NODES_H
#define LAB_SIMULATE_NODES_H

#include <stddef.h>
#include <stdint.h>

struct nodes;

/* NULL when out of memory. */
struct nodes *nodes_new(size_t count, int64_t cpu_milli);
void nodes_free(struct nodes *n);

/* Takes cpu_milli of a node: its index, or -ENOSPC when no node has that much left. */
int nodes_take(struct nodes *n, int64_t cpu_milli);

/* Gives it back. */
void nodes_give(struct nodes *n, int node, int64_t cpu_milli);

#endif
