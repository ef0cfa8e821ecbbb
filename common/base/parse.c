// SPDX-License-Identifier: MIT
#include "base/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text)
        return -EINVAL;
    for (const char *c = text; *c; c++)
        if (*c < '0' || *c > '9')
            return -EINVAL;

    for (const char *c = text; *c; c++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            return -ERANGE;
    if (value < min || value > max)
        return -ERANGE;

    *ret = value;
    return 0;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = *text == '-';
    uint64_t magnitude;
    int r = parse_u64(text + (*text == '-' || *text == '+'), 0,
                      (uint64_t)INT64_MAX + (negative ? 1 : 0), &magnitude);

    if (r < 0)
        return r;

    int64_t value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    if (value < min || value > max)
        return -ERANGE;

    *ret = value;
    return 0;
}

int parse_double(const char *text, double min, double max, double *ret)
{
    char *end;

    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return -EINVAL;

    double value = strtod(text, &end);
    if (*end || end == text)
        return -EINVAL;
    if (!isfinite(value) || value < min || value > max)
        return -ERANGE;

    *ret = value;
    return 0;
}

int parse_bool(const char *text, bool *ret)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

    if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return -EINVAL;

    *ret = yes;
    return 0;
}
