// SPDX-License-Identifier: MIT
/* timezone: what a clock on a wall in some place shows, whatever zone this process is in.
 *
 * Reads the time zone database's files (RFC 9636, TZif) itself, because libc knows one zone per
 * process. Built once, then read-only: any thread. */
#ifndef ADAPTER_SOURCES_TIMEZONE_H
#define ADAPTER_SOURCES_TIMEZONE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct timezone_rules;

#define TIMEZONE_FOLDER "/usr/share/zoneinfo"

/* name is IANA's, "Europe/Brussels"; "UTC" needs no file. New in *ret. -ENOENT when the database
 * has no such zone, -EINVAL when its file is broken, with a sentence. */
int timezone_new(const char *name, struct timezone_rules **ret, struct err *err);

/* From the bytes of a TZif file. */
int timezone_parse(const void *data, size_t len, struct timezone_rules **ret);
void timezone_free(struct timezone_rules *t); /* NULL does nothing */

/* Seconds by which the zone is ahead of UTC at that moment (seconds since 1970, UTC). */
int64_t timezone_offset_s(const struct timezone_rules *t, int64_t at_s);

/* The moment at which a clock there shows local_s (a date and time counted as if it were UTC).
 * Twice in autumn: the first one. 0; -ENOENT when it never does, in spring. */
int timezone_to_utc(const struct timezone_rules *t, int64_t local_s, int64_t *ret_at_s);

#endif
