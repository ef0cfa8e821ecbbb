// SPDX-License-Identifier: MIT
/* scrape: what a source wants of a /metrics page: the series of a name with some labels.
 *
 *     metric: jobs_total{queue="a"}
 *     as: rate
 *
 * Every such series is a sample, with all its labels. What only grows is turned into a rate per
 * second, everything else counts as it is, unless `as` says otherwise. A rate needs two scrapes, so
 * there is no value before the second. Each series has a rate of its own; one whose counter fell
 * has restarted and counts from zero, as Prometheus' rate() has it, and one that is new has none
 * yet. */
#ifndef ADAPTER_SOURCES_SCRAPE_H
#define ADAPTER_SOURCES_SCRAPE_H

#include "adapter/source.h"

#define SCRAPE_LABELS_MAX 16
#define SCRAPE_ACCEPT "Accept: text/plain;version=0.0.4"

enum scrape_as { SCRAPE_AS_FITS, SCRAPE_AS_VALUE, SCRAPE_AS_RATE };

struct scrape_wish { /* {0}; read-only once read: any thread */
    char *metric;    /* the name */
    struct label labels[SCRAPE_LABELS_MAX];
    size_t label_count;
    enum scrape_as as;
};

struct scrape_memory { /* {0}: of the last scrape that gave counters */
    struct samples *counters;
    uint64_t scraped_ns;
};

/* For the tables of kinds: the members, and their help. */
#define SCRAPE_WISH_MEMBERS                                                                        \
    {"metric", true},                                                                              \
    {                                                                                              \
        "as", false                                                                                \
    }
#define SCRAPE_WISH_HELP                                                                           \
    "        metric: jobs_total{queue=\"jobs\"}     labels that a series must have\n"              \
    "        as: rate              value, or rate per second between two scrapes;\n"               \
    "                              default: rate of what only grows\n"

/* Reads these members of the mapping at path. scrape_wish_done also after a failure. */
int scrape_wish_read_config(const struct strict *s, const json_t *mapping, const char *path,
                            struct scrape_wish *ret);
void scrape_wish_done(struct scrape_wish *w);

/* Appends what the page of now_ns has, as source_kind.read_answer does. */
int scrape_read(const struct scrape_wish *w, struct scrape_memory *m, const struct buf *body,
                uint64_t now_ns, struct samples *ret, struct err *err);
void scrape_memory_done(struct scrape_memory *m);

#endif
