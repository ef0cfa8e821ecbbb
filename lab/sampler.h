// SPDX-License-Identifier: MIT
/* sampler: the lab's metrics-server: reads each pod's CPU and memory at the metrics interval and
 * writes PodMetrics, with timestamp and window as metrics-server serves them. Control thread. */
#ifndef LAB_SAMPLER_H
#define LAB_SAMPLER_H

#include <stdint.h>

struct env;
struct pods;
struct sampler;

/* Annotations of PodMetrics, each a number: what metrics-server does not tell. The first is a share
 * of the periods since the last sample; the others count since the container started. */
#define SAMPLER_THROTTLED "swell.dev/throttled"
#define SAMPLER_CPU_SECONDS "swell.dev/cpu-seconds"
#define SAMPLER_PERIODS "swell.dev/cpu-periods"
#define SAMPLER_THROTTLED_PERIODS "swell.dev/cpu-throttled-periods"
#define SAMPLER_THROTTLED_SECONDS "swell.dev/cpu-throttled-seconds"

/* interval_ns is control time (metrics-server's --metric-resolution, 15 s). */
struct sampler *sampler_new(struct env *env, struct pods *pods, uint64_t interval_ns);
void sampler_free(struct sampler *s);

#endif
