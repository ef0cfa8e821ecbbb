// SPDX-License-Identifier: MIT
/* exposition: a /metrics page, scraped directly.
 *
 *     exposition: {url: "http://app:8080/metrics", metric: 'jobs_total{queue="a"}', as: rate}
 *
 * Every series of that name with these labels is a sample, with all its labels. What only grows is
 * turned into a rate per second, everything else counts as it is, unless `as` says otherwise. A
 * rate needs two scrapes, so there is no value before the second. Each series has a rate of its
 * own; one whose counter fell has restarted and counts from zero, as Prometheus' rate() has it, and
 * one that is new has none yet. */
#ifndef ADAPTER_SOURCES_EXPOSITION_H
#define ADAPTER_SOURCES_EXPOSITION_H

#include "adapter/source.h"

extern const struct source_kind exposition_kind;

#endif
