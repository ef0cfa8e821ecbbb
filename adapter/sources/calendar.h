// SPDX-License-Identifier: MIT
/* calendar: days since 1970-01-01 and their dates, in the Gregorian calendar. A date and time
 * without a zone is counted in seconds as if it were UTC. Any thread. */
#ifndef ADAPTER_SOURCES_CALENDAR_H
#define ADAPTER_SOURCES_CALENDAR_H

#include <stdint.h>

#define CALENDAR_DAY_S 86400

struct calendar_date {
    int64_t year;
    int month, day; /* from 1 */
};

int64_t calendar_day(int64_t year, int month, int day);
struct calendar_date calendar_date_of(int64_t local_s);
int calendar_weekday(int64_t day); /* 0: Sunday */
int calendar_month_days(int64_t year, int month);

#endif
