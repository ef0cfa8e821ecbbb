// SPDX-License-Identifier: MIT
/* posix_tz: a zone's rules in one line, "CET-1CEST,M3.5.0,M10.5.0/3", as they stand at the end of
 * TZif files. Source: POSIX.1, "Other environment variables", TZ, with the larger hours of RFC
 * 9636, section 3.3.1. Any thread. */
#ifndef ADAPTER_SOURCES_POSIX_TZ_H
#define ADAPTER_SOURCES_POSIX_TZ_H

#include <stdbool.h>
#include <stdint.h>

struct posix_tz_day { /* when summer time begins or ends, each year */
    enum { POSIX_TZ_MONTH, POSIX_TZ_JULIAN, POSIX_TZ_DAY } kind;
    int month, week, weekday; /* the week-th weekday of a month; week 5: the last */
    int day;                  /* JULIAN: 1 to 365, never 29 February; DAY: 0 to 365 */
    int64_t time_s;           /* of the clock that is valid then */
};

struct posix_tz {
    int64_t offset_s, summer_offset_s; /* ahead of UTC */
    bool has_summer;
    struct posix_tz_day begins, ends;
};

/* 0, or -EINVAL with *ret undefined. */
int posix_tz_parse(const char *text, struct posix_tz *ret);

int64_t posix_tz_offset_s(const struct posix_tz *z, int64_t at_s);

#endif
