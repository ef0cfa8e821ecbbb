// SPDX-License-Identifier: MIT
#include "adapter/sources/posix_tz.h"

#include "adapter/sources/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define HOUR_S 3600

/* ---- the text ---- */

/* "CET" or "<+03>". */
static bool take_name(const char **at)
{
    const char *c = *at;

    if (*c == '<') {
        c = strchr(c, '>');
        if (!c)
            return false;
        *at = c + 1;
        return true;
    }
    while (isalpha((unsigned char)*c))
        c++;
    bool long_enough = c - *at >= 3;
    *at = c;
    return long_enough;
}

static bool take_number(const char **at, int max, int *ret)
{
    int number = 0;

    if (!isdigit((unsigned char)**at))
        return false;
    while (isdigit((unsigned char)**at) && number <= max)
        number = number * 10 + (*(*at)++ - '0');
    *ret = number;
    return number <= max;
}

/* [+|-]hh[:mm[:ss]] */
static bool take_time(const char **at, int64_t *ret_s)
{
    int sign = **at == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

    if (**at == '-' || **at == '+')
        ++*at;
    if (!take_number(at, 167, &hours))
        return false;
    if (**at == ':') {
        ++*at;
        if (!take_number(at, 59, &minutes))
            return false;
    }
    if (**at == ':') {
        ++*at;
        if (!take_number(at, 59, &seconds))
            return false;
    }
    *ret_s = sign * ((int64_t)hours * HOUR_S + minutes * 60 + seconds);
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* ,M3.5.0/2 or ,J60 or ,59 */
static bool take_day(const char **at, struct posix_tz_day *ret)
{
    *ret = (struct posix_tz_day){.time_s = 2 * HOUR_S};
    if (!take_char(at, ','))
        return false;
    if (take_char(at, 'M')) {
        ret->kind = POSIX_TZ_MONTH;
        if (!take_number(at, 12, &ret->month) || !take_char(at, '.') ||
            !take_number(at, 5, &ret->week) || !take_char(at, '.') ||
            !take_number(at, 6, &ret->weekday) || ret->month == 0 || ret->week == 0)
            return false;
    } else {
        ret->kind = take_char(at, 'J') ? POSIX_TZ_JULIAN : POSIX_TZ_DAY;
        if (!take_number(at, 365, &ret->day) || (ret->kind == POSIX_TZ_JULIAN && ret->day == 0))
            return false;
    }
    return !take_char(at, '/') || take_time(at, &ret->time_s);
}

int posix_tz_parse(const char *text, struct posix_tz *ret)
{
    struct posix_tz z = {0};
    const char *at = text;
    int64_t behind_s;

    if (!take_name(&at) || !take_time(&at, &behind_s))
        return -EINVAL;
    z.offset_s = -behind_s;
    z.has_summer = *at;
    if (z.has_summer) {
        if (!take_name(&at))
            return -EINVAL;
        behind_s -= HOUR_S;
        if (*at && *at != ',' && !take_time(&at, &behind_s))
            return -EINVAL;
        z.summer_offset_s = -behind_s;
        if (!take_day(&at, &z.begins) || !take_day(&at, &z.ends))
            return -EINVAL;
    }
    if (*at)
        return -EINVAL;
    *ret = z;
    return 0;
}

/* ---- the rules ---- */

static int64_t nth_weekday(int64_t year, const struct posix_tz_day *d)
{
    int64_t first = calendar_day(year, d->month, 1);
    int64_t day = first + (d->weekday - calendar_weekday(first) + 7) % 7 + 7 * (d->week - 1);

    while (day >= first + calendar_month_days(year, d->month))
        day -= 7;
    return day;
}

/* The moment, by the clock that is valid until then, counted as if it were UTC. */
static int64_t local_moment(int64_t year, const struct posix_tz_day *d)
{
    int64_t day = calendar_day(year, 1, 1);

    switch (d->kind) {
    case POSIX_TZ_MONTH:
        day = nth_weekday(year, d);
        break;
    case POSIX_TZ_JULIAN:
        day += d->day - 1 + (d->day >= 60 && calendar_month_days(year, 2) == 29);
        break;
    case POSIX_TZ_DAY:
        day += d->day;
        break;
    }
    return day * CALENDAR_DAY_S + d->time_s;
}

int64_t posix_tz_offset_s(const struct posix_tz *z, int64_t at_s)
{
    if (!z->has_summer)
        return z->offset_s;
    struct calendar_date date = calendar_date_of(at_s + z->offset_s);
    int64_t begins_s = local_moment(date.year, &z->begins) - z->offset_s;
    int64_t ends_s = local_moment(date.year, &z->ends) - z->summer_offset_s;
    /* South of the equator summer is what is not between the end and the beginning. */
    bool summer =
        begins_s < ends_s ? at_s >= begins_s && at_s < ends_s : at_s >= begins_s || at_s < ends_s;
    return summer ? z->summer_offset_s : z->offset_s;
}
