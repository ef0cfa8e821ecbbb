// SPDX-License-Identifier: MIT
/* clock: the clocks we read, and the texts in which Kubernetes and Go write times. Any thread.
 *
 * Inside, a time is uint64_t nanoseconds: since boot (mono), since 1970 (wall), or of CPU used. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

uint64_t clock_mono_ns(void);        /* CLOCK_MONOTONIC */
uint64_t clock_wall_ns(void);        /* CLOCK_REALTIME, since 1970 */
uint64_t clock_thread_cpu_ns(void);  /* CPU time of the calling thread */
uint64_t clock_process_cpu_ns(void); /* CPU time of all threads of this process */

/* Room for any time or duration text below, with its NUL. */
#define CLOCK_TEXT_MAX 40

/* RFC 3339 in UTC: whole seconds as Kubernetes' Time ("2026-11-21T08:00:00Z"), microseconds as its
 * MicroTime ("2026-11-21T08:00:00.000000Z"). Returns text. */
char *clock_rfc3339(uint64_t wall_ns, char text[CLOCK_TEXT_MAX]);
char *clock_rfc3339_micro(uint64_t wall_ns, char text[CLOCK_TEXT_MAX]);

/* Reads RFC 3339 with "Z" or a numeric offset and an optional fraction, years 1970 to 2261.
 * 0, or -EINVAL with *ret_wall_ns untouched. */
int clock_parse_rfc3339(const char *text, uint64_t *ret_wall_ns);

/* A duration as Go prints it: "0s", "1.5ms", "15.021s", "5m0s", "1h0m1s". Returns text. */
char *clock_duration(uint64_t ns, char text[CLOCK_TEXT_MAX]);

/* Reads Go's form ("300ms", "1m30s", "1.5h") or "0". No sign, every number needs a unit
 * (ns us µs ms s m h). 0, -EINVAL, or -ERANGE beyond 2^63-1 ns; *ret_ns untouched on failure. */
int clock_parse_duration(const char *text, uint64_t *ret_ns);

#endif
