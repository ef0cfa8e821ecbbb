// SPDX-License-Identifier: MIT
#include "kube/quantity.h"

#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

/* The text taken apart: 0.digits * 10^point * factor, in thousandths. The digits stay text, so any
 * number of them is exact. */
struct number {
    bool negative;
    const char *digits; /* may have a '.' inside, which counts for nothing here */
    size_t len;
    int64_t point; /* how many digits stand before the decimal point */
    u128 factor;
};

struct suffix {
    const char *text;
    int exponent; /* of ten */
    int shift;    /* power of two */
};

static const struct suffix suffixes[] = {
    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"", 0, 0},    {"k", 3, 0},   {"M", 6, 0},
    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
    {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

/* "e3", "E-3": any number of digits. Beyond a billion only "far too large" and "nothing but a
 * trace" are left, which a billion says too. */
static int parse_exponent(const char *text, int64_t *ret)
{
    bool negative = text[1] == '-';
    const char *c = text + 1 + (text[1] == '-' || text[1] == '+');
    int64_t value = 0;

    if (!*c)
        return -EINVAL;
    for (; *c >= '0' && *c <= '9'; c++)
        if (value < 1000000000)
            value = value * 10 + (*c - '0');
    if (*c)
        return -EINVAL;

    *ret = negative ? -value : value;
    return 0;
}

static const struct suffix *find_suffix(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (strcmp(text, suffixes[i].text) == 0)
            return &suffixes[i];
    return NULL;
}

static int parse_suffix(const char *text, struct number *n)
{
    const struct suffix *s = find_suffix(text);
    int64_t exponent = s ? s->exponent : 0;

    if (!s && ((*text != 'e' && *text != 'E') || parse_exponent(text, &exponent) < 0))
        return -EINVAL;

    n->factor = (u128)1 << (s ? s->shift : 0);
    n->point += exponent + 3; /* thousandths */
    return 0;
}

/* Leading zeros only push the point. */
static void skip_zeros(struct number *n)
{
    while (n->len && (*n->digits == '0' || *n->digits == '.')) {
        if (*n->digits == '0')
            n->point--;
        n->digits++;
        n->len--;
    }
}

static int parse_number(const char *text, struct number *ret)
{
    struct number n = {.negative = *text == '-'};
    size_t whole, fraction = 0;
    int r;

    text += *text == '-' || *text == '+';
    whole = strspn(text, "0123456789");
    n.digits = text;
    n.len = whole;
    if (text[whole] == '.') {
        fraction = strspn(text + whole + 1, "0123456789");
        n.len += 1 + fraction;
    }
    if (whole + fraction == 0)
        return -EINVAL;

    n.point = (int64_t)whole;
    r = parse_suffix(text + n.len, &n);
    if (r < 0)
        return r;

    skip_zeros(&n);
    *ret = n;
    return 0;
}

/* The digits before the point times the factor; *ret_rest is where the fraction begins. */
static int whole_part(const struct number *n, u128 max, u128 *ret, size_t *ret_rest)
{
    int64_t left = n->point;
    u128 value = 0;
    size_t i = 0;

    if (left > 19) /* 10^19 is more than any int64, and there are no leading zeros */
        return -ERANGE;
    for (; left > 0; i++) {
        if (i < n->len && n->digits[i] == '.')
            continue;
        value = value * 10 + (u128)(i < n->len ? n->digits[i] - '0' : 0);
        left--;
    }
    if (value > max / n->factor)
        return -ERANGE;

    *ret = value * n->factor;
    *ret_rest = i < n->len ? i : n->len;
    return 0;
}

/* The digits behind the point times the factor, rounded up. From the last digit on,
 * value = (digit * factor + value) / 10 never exceeds the factor, and what the divisions lose is
 * only needed as "something was lost". */
static u128 fraction_part(const struct number *n, size_t first)
{
    bool lost = false;
    u128 value = 0;

    for (size_t i = n->len; i-- > first;) {
        if (n->digits[i] == '.')
            continue;
        value += (u128)(n->digits[i] - '0') * n->factor;
        lost |= value % 10 != 0;
        value /= 10;
    }
    for (int64_t zeros = n->point; zeros < 0 && value > 0; zeros++) {
        lost |= value % 10 != 0;
        value /= 10;
    }
    return value + lost;
}

int quantity_parse(const char *text, int64_t *ret_milli)
{
    struct number n;
    u128 whole;
    size_t rest;
    int r = parse_number(text, &n);

    if (r < 0)
        return r;
    if (n.len == 0) {
        *ret_milli = 0;
        return 0;
    }

    u128 max = (u128)INT64_MAX + n.negative;
    r = whole_part(&n, max, &whole, &rest);
    if (r < 0)
        return r;

    u128 milli = whole + fraction_part(&n, rest);
    if (milli > max)
        return -ERANGE;
    *ret_milli = (int64_t)(n.negative ? 0 - (uint64_t)milli : (uint64_t)milli);
    return 0;
}

/* The shortest text that reads back as the same double is what the sender wrote. */
static int from_real(double value, int64_t *ret_milli)
{
    char text[QUANTITY_TEXT_MAX];

    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return quantity_parse(text, ret_milli);
}

int quantity_from_json(const json_t *value, int64_t *ret_milli)
{
    char text[QUANTITY_TEXT_MAX];

    if (json_is_string(value))
        return quantity_parse(json_string_value(value), ret_milli);
    if (json_is_real(value))
        return from_real(json_real_value(value), ret_milli);
    if (!json_is_integer(value))
        return -EINVAL;

    (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return quantity_parse(text, ret_milli);
}

/* Moves whole powers of base from value into the suffix. */
static char *format(bool negative, uint64_t value, uint64_t base, const char *const *suffix,
                    char *text)
{
    while (value && value % base == 0 && suffix[1]) {
        value /= base;
        suffix++;
    }
    (void)snprintf(text, QUANTITY_TEXT_MAX, "%s%" PRIu64 "%s", negative ? "-" : "", value, *suffix);
    return text;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

char *quantity_format(int64_t milli, char text[QUANTITY_TEXT_MAX])
{
    static const char *const decimal[] = {"m", "", "k", "M", "G", "T", "P", "E", NULL};

    if (milli == 0)
        return strcpy(text, "0");
    return format(milli < 0, magnitude(milli), 1000, decimal, text);
}

char *quantity_format_binary(int64_t milli, char text[QUANTITY_TEXT_MAX])
{
    static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", NULL};

    if (milli % (1000 * 1024) != 0)
        return quantity_format(milli, text);
    return format(milli < 0, magnitude(milli) / 1000, 1024, binary, text);
}
