// SPDX-License-Identifier: MIT
#include "adapter/sources/calendar.h"

#include <stdbool.h>

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int calendar_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* How many days the years before this one have, counted from year 1. */
static int64_t days_before(int64_t year)
{
    int64_t years = year - 1;

    return years * 365 + years / 4 - years / 100 + years / 400;
}

int64_t calendar_day(int64_t year, int month, int day)
{
    int64_t days = days_before(year) - days_before(1970) + day - 1;

    for (int m = 1; m < month; m++)
        days += calendar_month_days(year, m);
    return days;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct calendar_date calendar_date_of(int64_t local_s)
{
    int64_t day = floor_div(local_s, CALENDAR_DAY_S);
    struct calendar_date date = {.month = 1};

    date.year = 1970 + floor_div(day, day < 0 ? 365 : 366); /* not after the year */
    while (calendar_day(date.year + 1, 1, 1) <= day)
        date.year++;
    while (calendar_day(date.year, date.month, 1) + calendar_month_days(date.year, date.month) <=
           day)
        date.month++;
    date.day = (int)(day - calendar_day(date.year, date.month, 1)) + 1;
    return date;
}

int calendar_weekday(int64_t day)
{
    int64_t weekday = (day + 4) % 7; /* 1970-01-01 was a Thursday */

    return (int)(weekday < 0 ? weekday + 7 : weekday);
}
