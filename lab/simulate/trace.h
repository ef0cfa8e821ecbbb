// SPDX-License-Identifier: MIT
/* trace: reads a recorded load from CSV: one row a point in time, its rate holds until the next
 * row.
 *
 *     time,requests_per_second
 *     2026-11-21T08:00:00Z,12.5
 *     2026-11-21T08:01:00Z,13
 *
 * The first line names the columns, unless it begins with a time. A time is in seconds or RFC 3339;
 * the first row is second 0. Rows stand in the order of time. Cells may be in double quotes; empty
 * lines and those that begin with # are skipped. One thread. */
#ifndef LAB_SIMULATE_TRACE_H
#define LAB_SIMULATE_TRACE_H

#include "lab/simulate/profile.h"

struct err;

#define TRACE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define TRACE_RATE_MAX 1e9

struct trace_columns { /* by name; NULL: the first one for time, the second one for rate */
    const char *time, *rate;
};

/* New list in *ret. -EINVAL with "trace.csv:12: ..."; the errno of a file that cannot be read. */
int trace_read(const char *path, struct trace_columns columns, struct profile_steps *ret,
               struct err *err);

/* The same from a text; name is for messages. */
int trace_parse(const char *name, const char *text, size_t len, struct trace_columns columns,
                struct profile_steps *ret, struct err *err);

#endif
