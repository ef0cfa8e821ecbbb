// SPDX-License-Identifier: MIT
/* traceparent: the trace that a request belongs to, as its header says (W3C Trace Context, section
 * 3.2). Any thread. */
#ifndef METRICS_TRACEPARENT_H
#define METRICS_TRACEPARENT_H

#define TRACE_ID_SIZE 33 /* 32 hex digits and a NUL */

/* Reads the header's trace-id. 0; -EINVAL when the header breaks the rules, or is NULL. */
int traceparent_read(const char *header, char ret_trace_id[TRACE_ID_SIZE]);

#endif
