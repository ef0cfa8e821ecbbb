// SPDX-License-Identifier: MIT
/* cron_schedule: "30 8 * * 1-5", minute hour day-of-month month day-of-week, in a time zone.
 *
 * Fields are *, ?, numbers, names of months and days (JAN, MON), ranges, lists and steps. A day
 * must fit both of its fields, or one of them if both are restricted, as in every cron. A time that
 * a change to summer time leaves out does not happen; one that occurs twice happens once, the first
 * time. Any thread. */
#ifndef ADAPTER_SOURCES_CRON_SCHEDULE_H
#define ADAPTER_SOURCES_CRON_SCHEDULE_H

#include "adapter/sources/timezone.h"

#include <stdbool.h>

struct cron_schedule {
    uint64_t minutes, hours, days, months, weekdays; /* bit n: n fits */
    bool any_day, any_weekday;
};

/* 0, or -EINVAL with which field is wrong, *ret undefined. */
int cron_schedule_parse(const char *text, struct cron_schedule *ret, struct err *err);

/* The first moment after at_s. -ENOENT when there is none within nine years, such as 30 February.
 */
int cron_schedule_next(const struct cron_schedule *c, const struct timezone_rules *zone,
                       int64_t at_s, int64_t *ret_s);

#endif
