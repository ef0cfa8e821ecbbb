// SPDX-License-Identifier: MIT
/* cron: a number of replicas between two moments that return.
 *
 *     cron: {timezone: Europe/Brussels, start: "30 8 * * 1-5", end: "0 18 * * 1-5",
 *            desiredReplicas: 10}
 *
 * The value is desiredReplicas inside the window and 0 outside; with a target of AverageValue 1 the
 * HPA wants as many replicas. As in KEDA's cron trigger it is inside when the next end comes before
 * the next start. */
#ifndef ADAPTER_SOURCES_CRON_H
#define ADAPTER_SOURCES_CRON_H

#include "adapter/source.h"

extern const struct source_kind cron_kind;

#endif
