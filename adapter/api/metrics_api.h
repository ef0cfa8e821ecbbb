// SPDX-License-Identifier: MIT
/* metrics_api: what the routes of values need: a configuration at work. Read-only and counted,
 * since requests go on while another configuration takes its place. Any thread. */
#ifndef ADAPTER_API_METRICS_API_H
#define ADAPTER_API_METRICS_API_H

#include "adapter/api/discovery.h"
#include "adapter/feed.h"
#include "adapter/forward/forward.h"
#include "adapter/objects.h"
#include "adapter/rules/rule_set.h"

#include <pthread.h>
#include <stdatomic.h>

struct metrics_api {
    atomic_uint refs;
    void (*free)(struct metrics_api *api); /* after the last reference; NULL: the owner knows */
    struct feeds *feeds;                   /* configured metrics */
    struct rule_set *rules;                /* NULL: there are none */
    const struct rules *usage_rules;       /* resourceRules; NULL: there are none */
    struct object_lister lister;
    struct forward *forwards[PASS_GROUPS]; /* asked for what is none of these; NULL: nobody is */
    struct discovery *discovery;
};

struct metrics_api_slot { /* the app of the routes */
    pthread_mutex_t lock; /* guards now, the pointer */
    struct metrics_api *now;
};

/* A reference to the one in force. */
struct metrics_api *metrics_api_take(struct metrics_api_slot *slot);
struct metrics_api *metrics_api_ref(struct metrics_api *api);
void metrics_api_unref(struct metrics_api *api); /* NULL does nothing */

/* Puts api in force: takes the reference, and hands out the one before. */
struct metrics_api *metrics_api_exchange(struct metrics_api_slot *slot, struct metrics_api *api);

/* Makes the discovery documents anew: of the configured metrics, of a list (NULL: none), and of
 * what other adapters list. */
int metrics_api_publish(struct metrics_api *api, const struct metric_list *list);

#endif
