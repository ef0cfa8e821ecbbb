// SPDX-License-Identifier: MIT
/* report: a run as JSON lines and as text. JSON values are new references; NULL: out of memory. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "load/tally.h"

#include <jansson.h>
#include <stdio.h>

struct report { /* a finished run */
    const struct tally *tally;
    const char *url;
    const char *mode;     /* "open", "closed", "produce" */
    uint64_t duration_ns; /* from the start to the end of sending */
    uint64_t wait_ns;     /* from there until the last answer */
    bool interrupted;
};

/* {"t", "sent", "answered", "errors", "rate", "p50_ms", "p99_ms", "pods"}: counts since the start,
 * rate and (corrected) percentiles of the window_ns that end at elapsed_ns. Percentiles are null
 * when nothing ended in it. */
json_t *report_progress(const struct tally *t, uint64_t elapsed_ns, uint64_t window_ns);

/* The object that is printed as {"result": ...}. */
json_t *report_result(const struct report *r);

void report_text(const struct report *r, FILE *out);

/* Writes one line and flushes it: somebody reads along. Takes line. 0; -ENOMEM when line is NULL;
 * -EIO or -EPIPE when nobody does. */
int report_line(json_t *line, FILE *out);

#endif
