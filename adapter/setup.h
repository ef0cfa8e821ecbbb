// SPDX-License-Identifier: MIT
/* setup: makes a configuration work, and puts it in the place of the one before.
 *
 * The new one wants its queries and starts its rules before the old one lets go of its own, so that
 * what both have keeps its values and no read finds a gap. */
#ifndef ADAPTER_SETUP_H
#define ADAPTER_SETUP_H

#include "adapter/api/metrics_api.h"
#include "adapter/config.h"

struct err;
struct setup_place;

struct setup_config { /* what all configurations share; borrowed until setup_place_free */
    struct queries *queries;
    struct discovery *discovery;
    uint64_t relist_ns, series_max_age_ns; /* of rules */
    struct metrics *metrics;               /* for what is passed on */
};

struct setup_place *setup_place_new(const struct setup_config *config); /* NULL: out of memory */

/* Takes the configuration in force out of work. After the server has stopped. */
void setup_place_free(struct setup_place *p); /* NULL does nothing */

/* The app of the routes. */
struct metrics_api_slot *setup_slot(struct setup_place *p);

/* Puts config in force. Takes it, which leaves {0}, also when it fails; prometheus is borrowed
 * (NULL: there are no rules). lister: who knows the objects. One thread at a time. 0 or a negative
 * errno with a sentence, and the one before stays in force. */
int setup_use(struct setup_place *p, struct adapter_config *config, struct endpoint *prometheus,
              struct object_lister lister, struct err *err);

#endif
