// SPDX-License-Identifier: MIT
/* series: which series Prometheus has, asked for with a rule's seriesQuery at every relist.
 *
 * A source as any other (source.h). Its samples stand for the shapes of the series that were
 * answered: labels whose values do not count, and `__name__`, whose value does. Series that differ
 * only in values are one sample, so that a hundred thousand series take as much memory as there are
 * kinds of them. No series is a valid answer.
 *
 * Source: "HTTP API", "Finding series by label matchers", in Prometheus' documentation. */
#ifndef ADAPTER_RULES_SERIES_H
#define ADAPTER_RULES_SERIES_H

#include "adapter/rules/metric_list.h"
#include "adapter/sources/endpoint.h"

#define SERIES_NAME "__name__"

/* Asks for series that had samples within max_age_ns. e is borrowed. NULL when out of memory. */
struct source *series_source_new(struct endpoint *e, const char *match, uint64_t max_age_ns);

/* What an answer means, appended to ret. -ENOMSG, -E2BIG or -ENOMEM with a reason that follows the
 * source's name. */
int series_read(const struct buf *body, struct samples *ret, struct err *err);

/* The metrics that rules make of such samples: of the custom rules, then of the external ones; NULL
 * where there are none yet. Takes resources, which is NULL when out of memory. New; NULL when out
 * of memory. */
struct metric_list *series_to_metrics(const struct rules *rules, struct samples *const *series,
                                      struct catalogue *resources);

#endif
