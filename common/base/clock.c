// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t = {0};

    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static size_t print_seconds(uint64_t wall_ns, char text[CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    struct tm tm;

    (void)gmtime_r(&seconds, &tm);
    return strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
}

char *clock_rfc3339(uint64_t wall_ns, char text[CLOCK_TEXT_MAX])
{
    size_t n = print_seconds(wall_ns, text);

    (void)snprintf(text + n, CLOCK_TEXT_MAX - n, "Z");
    return text;
}

char *clock_rfc3339_micro(uint64_t wall_ns, char text[CLOCK_TEXT_MAX])
{
    size_t n = print_seconds(wall_ns, text);

    (void)snprintf(text + n, CLOCK_TEXT_MAX - n, ".%06" PRIu64 "Z", wall_ns % NS_PER_S / NS_PER_US);
    return text;
}

/* Reads exactly count digits and moves *at past them. */
static bool read_digits(const char **at, int count, int *ret)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += count;
    *ret = value;
    return true;
}

static bool read_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool read_date_and_time(const char **at, struct tm *tm)
{
    return read_digits(at, 4, &tm->tm_year) && read_char(at, '-') &&
           read_digits(at, 2, &tm->tm_mon) && read_char(at, '-') &&
           read_digits(at, 2, &tm->tm_mday) && (read_char(at, 'T') || read_char(at, 't')) &&
           read_digits(at, 2, &tm->tm_hour) && read_char(at, ':') &&
           read_digits(at, 2, &tm->tm_min) && read_char(at, ':') && read_digits(at, 2, &tm->tm_sec);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool in_range(const struct tm *tm)
{
    return tm->tm_year >= 1970 && tm->tm_year <= 2261 && tm->tm_mon >= 1 && tm->tm_mon <= 12 &&
           tm->tm_mday >= 1 && tm->tm_mday <= days_in_month(tm->tm_year, tm->tm_mon) &&
           tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 59;
}

/* An optional ".digits"; digits beyond the ninth are dropped. */
static bool read_fraction(const char **at, uint64_t *ret_ns)
{
    uint64_t unit = NS_PER_S / 10;

    *ret_ns = 0;
    if (!read_char(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *ret_ns += (uint64_t)(**at - '0') * unit;
    return true;
}

static bool read_offset(const char **at, int64_t *ret_seconds)
{
    int hours, minutes;
    int64_t sign = **at == '-' ? -1 : 1;

    *ret_seconds = 0;
    if (read_char(at, 'Z') || read_char(at, 'z'))
        return true;
    if (!read_char(at, '+') && !read_char(at, '-'))
        return false;
    if (!read_digits(at, 2, &hours) || !read_char(at, ':') || !read_digits(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

int clock_parse_rfc3339(const char *text, uint64_t *ret_wall_ns)
{
    struct tm tm = {0};
    uint64_t fraction_ns;
    int64_t offset_s;

    if (!read_date_and_time(&text, &tm) || !in_range(&tm) || !read_fraction(&text, &fraction_ns) ||
        !read_offset(&text, &offset_s) || *text)
        return -EINVAL;

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t seconds = (int64_t)timegm(&tm) - offset_s;
    if (seconds < 0)
        return -EINVAL;

    *ret_wall_ns = (uint64_t)seconds * NS_PER_S + fraction_ns;
    return 0;
}

/* Prints value/unit with as many decimals as it needs and no trailing zeros. */
static int print_fraction(char *text, size_t size, uint64_t value, uint64_t unit, const char *name)
{
    char decimals[12];
    int width = 0;

    for (uint64_t u = unit; u > 1; u /= 10)
        width++;
    int n = snprintf(decimals, sizeof(decimals), "%0*" PRIu64, width, value % unit);
    while (n > 0 && decimals[n - 1] == '0')
        decimals[--n] = '\0';
    if (width == 0 || n == 0)
        return snprintf(text, size, "%" PRIu64 "%s", value / unit, name);
    return snprintf(text, size, "%" PRIu64 ".%s%s", value / unit, decimals, name);
}

char *clock_duration(uint64_t ns, char text[CLOCK_TEXT_MAX])
{
    uint64_t hours = ns / (3600 * NS_PER_S), minutes = ns / (60 * NS_PER_S) % 60;
    int n = 0;

    if (ns == 0)
        (void)snprintf(text, CLOCK_TEXT_MAX, "0s");
    else if (ns < NS_PER_US)
        (void)print_fraction(text, CLOCK_TEXT_MAX, ns, 1, "ns");
    else if (ns < NS_PER_MS)
        (void)print_fraction(text, CLOCK_TEXT_MAX, ns, NS_PER_US, "\xc2\xb5s");
    else if (ns < NS_PER_S)
        (void)print_fraction(text, CLOCK_TEXT_MAX, ns, NS_PER_MS, "ms");
    else {
        if (hours)
            n = snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 "h", hours);
        if (hours || minutes)
            n += snprintf(text + n, CLOCK_TEXT_MAX - (size_t)n, "%" PRIu64 "m", minutes);
        (void)print_fraction(text + n, CLOCK_TEXT_MAX - (size_t)n, ns % (60 * NS_PER_S), NS_PER_S,
                             "s");
    }
    return text;
}

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    /* longer names first: "ms" is not "m" followed by "s" */
    {"ns", 1},         {"us", NS_PER_US}, {"\xc2\xb5s", NS_PER_US}, {"\xce\xbcs", NS_PER_US},
    {"ms", NS_PER_MS}, {"s", NS_PER_S},   {"m", 60 * NS_PER_S},     {"h", 3600 * NS_PER_S},
};

static uint64_t read_unit(const char **at)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t len = strlen(units[i].name);
        if (strncmp(*at, units[i].name, len) == 0) {
            *at += len;
            return units[i].ns;
        }
    }
    return 0;
}

/* Reads "12.5" as 12 and 5/10. As in Go, digits of the fraction are dropped once it does not fit in
 * an int64. */
static int read_number(const char **at, uint64_t *ret_whole, uint64_t *ret_part, double *ret_scale)
{
    const char *start = *at;
    size_t digits = 0;
    bool full = false;

    *ret_whole = *ret_part = 0;
    *ret_scale = 1;
    for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
        if (*ret_whole > (uint64_t)INT64_MAX / 10)
            return -ERANGE;
        *ret_whole = *ret_whole * 10 + (uint64_t)(**at - '0');
    }
    if (read_char(at, '.')) {
        for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
            uint64_t longer = *ret_part * 10 + (uint64_t)(**at - '0');
            if (full || *ret_part > (uint64_t)INT64_MAX / 10 || longer > INT64_MAX) {
                full = true;
                continue;
            }
            *ret_part = longer;
            *ret_scale *= 10;
        }
    }
    return *at == start || digits == 0 ? -EINVAL : 0;
}

int clock_parse_duration(const char *text, uint64_t *ret_ns)
{
    uint64_t total = 0;

    if (strcmp(text, "0") == 0) {
        *ret_ns = 0;
        return 0;
    }
    if (!*text)
        return -EINVAL;

    while (*text) {
        uint64_t whole, part, term;
        double scale;
        int r = read_number(&text, &whole, &part, &scale);
        if (r < 0)
            return r;
        uint64_t unit = read_unit(&text);
        if (unit == 0)
            return -EINVAL;
        if (__builtin_mul_overflow(whole, unit, &term) || term > INT64_MAX)
            return -ERANGE;
        term += (uint64_t)((double)part * ((double)unit / scale));
        if (__builtin_add_overflow(total, term, &total) || total > INT64_MAX)
            return -ERANGE;
    }
    *ret_ns = total;
    return 0;
}
