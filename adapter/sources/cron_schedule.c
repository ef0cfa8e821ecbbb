// SPDX-License-Identifier: MIT
#include "adapter/sources/cron_schedule.h"

#include "adapter/sources/calendar.h"
#include "base/err.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define DAYS_MAX (9 * 366) /* a 29 February may be eight years away */

struct field {
    const char *name;
    int min, max;
    const char *const *names; /* of min, min + 1, …; NULL: none */
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct field fields[] = {
    {"minute", 0, 59, NULL},          {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},    {"month", 1, 12, month_names},
    {"day of week", 0, 7, day_names},
};

/* ---- the text ---- */

static bool take_value(const char **at, const struct field *f, int *ret)
{
    int number = 0, digits = 0;

    for (int i = 0; f->names && f->names[i]; i++)
        if (strncasecmp(*at, f->names[i], 3) == 0) {
            *at += 3;
            *ret = f->min + i;
            return true;
        }
    for (; isdigit((unsigned char)**at) && digits < 4; digits++)
        number = number * 10 + (*(*at)++ - '0');
    *ret = number;
    return digits && number >= f->min && number <= f->max;
}

static bool take_step(const char **at, const struct field *f, int *ret)
{
    const struct field steps = {.min = 1, .max = f->max};

    *ret = 1;
    if (**at != '/')
        return true;
    ++*at;
    return take_value(at, &steps, ret);
}

/* One part of a list: *, 5, 1-5, 1-5/2, 5/10 (from 5 on). */
static bool take_part(const char **at, const struct field *f, uint64_t *bits, bool *any)
{
    int first = f->min, last = f->max, step;
    bool star = **at == '*' || **at == '?', range = star;

    if (star) {
        ++*at;
    } else {
        if (!take_value(at, f, &first))
            return false;
        last = first;
        range = **at == '-';
        if (range) {
            ++*at;
            if (!take_value(at, f, &last))
                return false;
        }
    }
    bool stepped = **at == '/';
    if (!take_step(at, f, &step) || last < first)
        return false;
    if (stepped && !range)
        last = f->max;
    *any |= star && step == 1;
    for (int i = first; i <= last; i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool take_field(const char **at, const struct field *f, uint64_t *bits, bool *any)
{
    while (**at == ' ' || **at == '\t')
        ++*at;
    for (;;) {
        if (!take_part(at, f, bits, any))
            return false;
        if (**at != ',')
            return **at == '\0' || **at == ' ' || **at == '\t';
        ++*at;
    }
}

int cron_schedule_parse(const char *text, struct cron_schedule *ret, struct err *err)
{
    uint64_t bits[ARRAY_LEN(fields)] = {0};
    bool any[ARRAY_LEN(fields)] = {0};
    const char *at = text;

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!take_field(&at, &fields[i], &bits[i], &any[i]))
            return err_set(err, -EINVAL, "its %s is not understood", fields[i].name);
    if (at[strspn(at, " \t")])
        return err_set(err, -EINVAL, "it has more than five fields");
    if (bits[4] & UINT64_C(1) << 7) /* Sunday has two numbers */
        bits[4] |= 1;
    *ret = (struct cron_schedule){bits[0], bits[1], bits[2], bits[3], bits[4], any[2], any[4]};
    return 0;
}

/* ---- the clock ---- */

static bool fits_day(const struct cron_schedule *c, int64_t day)
{
    struct calendar_date date = calendar_date_of(day * CALENDAR_DAY_S);
    bool fits_date = c->days >> date.day & 1,
         fits_weekday = c->weekdays >> calendar_weekday(day) & 1;

    if (!(c->months >> date.month & 1))
        return false;
    return c->any_day || c->any_weekday ? fits_date && fits_weekday : fits_date || fits_weekday;
}

/* The first moment of that day after at_s. */
static bool next_of_day(const struct cron_schedule *c, const struct timezone_rules *zone,
                        int64_t day, int64_t at_s, int64_t *ret_s)
{
    for (int minute = 0; minute < 24 * 60; minute++) {
        int64_t found_s;
        if (c->hours >> (minute / 60) & 1 && c->minutes >> (minute % 60) & 1 &&
            timezone_to_utc(zone, day * CALENDAR_DAY_S + minute * 60, &found_s) == 0 &&
            found_s > at_s) {
            *ret_s = found_s;
            return true;
        }
    }
    return false;
}

int cron_schedule_next(const struct cron_schedule *c, const struct timezone_rules *zone,
                       int64_t at_s, int64_t *ret_s)
{
    int64_t today = (at_s + timezone_offset_s(zone, at_s)) / CALENDAR_DAY_S;

    for (int64_t day = today; day < today + DAYS_MAX; day++)
        if (fits_day(c, day) && next_of_day(c, zone, day, at_s, ret_s))
            return 0;
    return -ENOENT;
}
