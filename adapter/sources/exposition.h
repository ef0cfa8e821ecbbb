// SPDX-License-Identifier: MIT
/* exposition: a /metrics page, scraped directly.
 *
 *     exposition: {url: "http://app:8080/metrics", metric: 'jobs_total{queue="a"}', as: rate}
 *
 * Which series are samples, and when they are rates, is scrape.h's. */
#ifndef ADAPTER_SOURCES_EXPOSITION_H
#define ADAPTER_SOURCES_EXPOSITION_H

#include "adapter/source.h"

extern const struct source_kind exposition_kind;

#endif
