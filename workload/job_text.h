// SPDX-License-Identifier: MIT
/* job_text: what a job is when a queue keeps it as bytes: {"cpu_ms":20,"id":"order-1"}, or just
 * 20, in milliseconds of CPU time. Whatever else it is is somebody else's business: it costs what
 * the caller says and has no id. Any thread. */
#ifndef WORKLOAD_JOB_TEXT_H
#define WORKLOAD_JOB_TEXT_H

#include "workload/source.h"

#include <stddef.h>

/* Sets id and cpu_ms. A cost outside 0 to BURN_CPU_MS_MAX is as good as none. */
void job_text_read(const char *text, size_t len, double default_cpu_ms, struct source_job *ret);

#endif
