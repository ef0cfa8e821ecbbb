// SPDX-License-Identifier: MIT
#include "kube/amount.h"

#include "base/scoped.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

#define NANO_PER_MILLI 1000000U

/* A number of so many digits is left alone, because it fits 64 bits. */
#define SMALL_DIGITS 18
#define SMALLEST_SCALE (-9)

/* --- Reading --- */

struct number { /* a text taken apart: digits * 10^exponent * 2^shift */
    bool negative;
    const char *digits; /* whole ones without leading zeros, and behind a '.' the fraction */
    size_t whole, fraction;
    int64_t exponent; /* that of the suffix */
    int shift;
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
        if (value < 100000000)
            value = value * 10 + (*c - '0');
    if (*c)
        return -EINVAL;

    *ret = negative ? -value : value;
    return 0;
}

static int parse_suffix(const char *text, struct number *n)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (strcmp(text, suffixes[i].text) == 0) {
            n->exponent = suffixes[i].exponent;
            n->shift = suffixes[i].shift;
            return 0;
        }
    return *text == 'e' || *text == 'E' ? parse_exponent(text, &n->exponent) : -EINVAL;
}

static int parse_number(const char *text, struct number *ret)
{
    struct number n = {.negative = *text == '-'};

    text += *text == '-' || *text == '+';
    const size_t zeros = strspn(text, "0");
    n.digits = text + zeros;
    n.whole = strspn(n.digits, "0123456789");
    text = n.digits + n.whole;
    if (*text == '.') {
        n.fraction = strspn(text + 1, "0123456789");
        text += 1 + n.fraction;
    }
    if (zeros + n.whole + n.fraction == 0)
        return -EINVAL;

    int r = parse_suffix(text, &n);
    if (r == 0)
        *ret = n;
    return r;
}

/* How many digits Kubernetes counts: a missing whole part is a "0". */
static size_t digit_count(const struct number *n)
{
    return (n->whole ? n->whole : 1) + n->fraction;
}

static bool is_small(const struct number *n)
{
    if (!n->shift)
        return digit_count(n) <= SMALL_DIGITS &&
               n->exponent - (int64_t)n->fraction >= SMALLEST_SCALE;
    /* three decimal digits for ten bits, and one to spare */
    return n->fraction == 0 && digit_count(n) + (size_t)n->shift * 3 / 10 <= 14;
}

static struct amount small_amount(const struct number *n)
{
    int64_t value = 0;

    for (size_t i = 0; i < n->whole + n->fraction; i++) {
        const char digit = n->digits[i + (i >= n->whole)]; /* behind the point */
        value = value * 10 + (digit - '0');
    }
    value <<= n->shift;
    return (struct amount){.value = n->negative ? -value : value,
                           .scale = (int32_t)(n->exponent - (int64_t)n->fraction)};
}

/* The digits as one row 0.d0d1d2... * 10^point without leading zeros, so that exponent and point
 * are the same thing. */
struct row {
    const char *digits; /* may have a '.' inside, which counts for nothing here */
    size_t len;
    int64_t point;
};

static struct row row_of(const struct number *n)
{
    const bool has_point = n->digits[n->whole] == '.';
    struct row r = {.digits = n->digits,
                    .len = n->whole + has_point + n->fraction,
                    .point = (int64_t)n->whole + n->exponent};

    while (r.len && (*r.digits == '0' || *r.digits == '.')) {
        if (*r.digits == '0')
            r.point--;
        r.digits++;
        r.len--;
    }
    return r;
}

/* The digits before the point; *ret_rest is where the fraction begins. Keeps the low bits of what
 * does not fit, of which 128 more zeros leave none. */
static u128 whole_part(const struct row *row, bool *ret_huge, size_t *ret_rest)
{
    int64_t left = row->point;
    u128 value = 0;
    size_t i = 0;

    *ret_huge = left > 35; /* times 1000 it may not fit any more */
    for (; left > 0 && i < row->len; i++) {
        if (row->digits[i] == '.')
            continue;
        value = value * 10 + (u128)(row->digits[i] - '0');
        left--;
    }
    *ret_rest = i;
    if (left >= 128)
        return 0;
    for (; left > 0; left--)
        value *= 10;
    return value;
}

/* The digits behind the point times the factor, rounded up. From the last digit on,
 * value = (digit * factor + value) / 10 never exceeds the factor, and what the divisions lose is
 * only needed as "something was lost". */
static u128 fraction_part(const struct row *row, size_t first, u128 factor)
{
    bool lost = false;
    u128 value = 0;

    for (size_t i = row->len; i-- > first;) {
        if (row->digits[i] == '.')
            continue;
        value += (u128)(row->digits[i] - '0') * factor;
        lost |= value % 10 != 0;
        value /= 10;
    }
    for (int64_t zeros = row->point; zeros < 0 && value > 0; zeros++) {
        lost |= value % 10 != 0;
        value /= 10;
    }
    return value + lost;
}

static struct amount big_amount(const struct number *n)
{
    const struct row row = row_of(n);
    const u128 max = n->shift ? (u128)INT64_MAX >> n->shift : ~(u128)0;
    struct amount a = {.big = true, .negative = n->negative};
    size_t rest;
    const u128 whole = whole_part(&row, &a.huge, &rest);

    if (n->shift && (a.huge || whole > max)) { /* one below 2^63, with or without a fraction */
        a.huge = false;
        a.milli = (u128)INT64_MAX * 1000;
        return a;
    }
    const u128 nano = fraction_part(&row, rest, (u128)1000000000 << n->shift);
    a.milli = (whole << n->shift) * 1000 + nano / NANO_PER_MILLI;
    a.nano = (uint32_t)(nano % NANO_PER_MILLI);
    if (n->shift && a.milli >= (u128)INT64_MAX * 1000) {
        a.milli = (u128)INT64_MAX * 1000;
        a.nano = 0;
    }
    return a;
}

int amount_parse(const char *text, struct amount *ret)
{
    struct number n;
    int r = parse_number(text, &n);

    if (r == 0)
        *ret = is_small(&n) ? small_amount(&n) : big_amount(&n);
    return r;
}

/* The shortest text that reads back as the same double is what the sender wrote. */
static int from_real(double value, struct amount *ret)
{
    char text[40];

    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return amount_parse(text, ret);
}

int amount_from_json(const json_t *value, struct amount *ret)
{
    char text[32];

    if (json_is_string(value))
        return amount_parse(json_string_value(value), ret);
    if (json_is_real(value))
        return from_real(json_real_value(value), ret);
    if (!json_is_integer(value))
        return -EINVAL;

    (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return amount_parse(text, ret);
}

/* --- Computing --- */

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* 10^exponent, exponent 0..18 */
static int64_t ten_to(int exponent)
{
    int64_t power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* value * 10^exponent; false when it does not fit, with the low bits in *ret up to 10^18. */
static bool scale_up(int64_t value, int64_t exponent, int64_t *ret)
{
    if (value == 0) {
        *ret = 0;
        return true;
    }
    return exponent <= SMALL_DIGITS && !__builtin_mul_overflow(value, ten_to((int)exponent), ret);
}

/* value / 10^exponent, away from zero */
static int64_t scale_down(int64_t value, int exponent)
{
    const int64_t power = ten_to(exponent);

    return value / power + (value % power != 0) * (value < 0 ? -1 : 1);
}

static struct amount as_big(const struct amount *a)
{
    struct amount b = {.big = true, .negative = a->value < 0, .milli = magnitude(a->value)};

    if (a->big)
        return *a;
    for (int32_t i = -3; i < a->scale && b.milli; i++) {
        b.huge |= b.milli > ~(u128)0 / 10;
        b.milli *= 10;
    }
    if (a->scale < -3) {
        const uint64_t power = (uint64_t)ten_to(-3 - a->scale);
        b.nano = (uint32_t)(b.milli % power * (NANO_PER_MILLI / power));
        b.milli /= power;
    }
    return b;
}

int amount_sign(const struct amount *a)
{
    if (!a->big)
        return (a->value > 0) - (a->value < 0);
    if (a->milli == 0 && a->nano == 0 && !a->huge)
        return 0;
    return a->negative ? -1 : 1;
}

static int compare_magnitudes(const struct amount *a, const struct amount *b)
{
    if (a->milli != b->milli)
        return a->milli > b->milli ? 1 : -1;
    return (a->nano > b->nano) - (a->nano < b->nano);
}

int amount_compare(const struct amount *a, const struct amount *b)
{
    const struct amount x = as_big(a), y = as_big(b);
    const int sign = amount_sign(&x);

    if (sign != amount_sign(&y))
        return sign > amount_sign(&y) ? 1 : -1;
    return sign * compare_magnitudes(&x, &y);
}

/* Both at the finer of the two scales; false when that does not fit. */
static bool add_small(struct amount *a, const struct amount *b)
{
    const struct amount *coarse = a->scale > b->scale ? a : b;
    const int32_t scale = a->scale < b->scale ? a->scale : b->scale;
    int64_t raised, sum;

    if (b->value == 0)
        return true;
    if (a->value == 0) {
        *a = *b;
        return true;
    }
    if (!scale_up(coarse->value, (int64_t)coarse->scale - scale, &raised) ||
        __builtin_add_overflow(raised, coarse == a ? b->value : a->value, &sum))
        return false;

    a->value = sum;
    a->scale = scale;
    return true;
}

static struct amount sum_of_magnitudes(const struct amount *a, const struct amount *b)
{
    struct amount sum = *a;

    sum.nano = (a->nano + b->nano) % NANO_PER_MILLI;
    sum.milli = a->milli + b->milli + (a->nano + b->nano) / NANO_PER_MILLI;
    sum.huge = a->huge || b->huge;
    return sum;
}

static struct amount difference_of_magnitudes(const struct amount *a, const struct amount *b)
{
    const bool swapped = compare_magnitudes(a, b) < 0;
    const struct amount *more = swapped ? b : a, *less = swapped ? a : b;
    const bool borrow = more->nano < less->nano;
    struct amount difference = *more;

    difference.nano = more->nano + borrow * NANO_PER_MILLI - less->nano;
    difference.milli = more->milli - less->milli - borrow;
    return difference;
}

void amount_add(struct amount *a, const struct amount *b)
{
    if (!a->big && !b->big && add_small(a, b))
        return;

    const struct amount x = as_big(a), y = as_big(b);
    *a = x.negative == y.negative ? sum_of_magnitudes(&x, &y) : difference_of_magnitudes(&x, &y);
}

/* --- Results --- */

/* Only the common powers keep the low bits when they overflow. */
static int64_t small_milli(const struct amount *a)
{
    const int64_t exponent = (int64_t)a->scale + 3;
    int64_t milli = 0;

    if (exponent < 0)
        return scale_down(a->value, (int)-exponent);
    if (scale_up(a->value, exponent, &milli))
        return milli;
    const bool wraps = exponent <= 3 || exponent == 6 || exponent == 9;
    return wraps ? milli : 0;
}

/* Negative ones are cut to 64 bits while still in 10^-9, and rounded up. */
static int64_t big_negative_milli(const struct amount *a)
{
    const uint64_t nano = (uint64_t)a->milli * NANO_PER_MILLI + a->nano;
    const int64_t value = (int64_t)(0 - nano);

    return value / NANO_PER_MILLI + (value % NANO_PER_MILLI != 0);
}

int64_t amount_milli(const struct amount *a)
{
    if (!a->big)
        return small_milli(a);
    if (a->negative)
        return big_negative_milli(a);
    return (int64_t)((uint64_t)a->milli + (a->nano != 0));
}

int amount_milli_exact(const struct amount *a, int64_t *ret)
{
    const struct amount b = as_big(a);
    const u128 milli = b.milli + (b.nano != 0);

    if (b.huge || milli > (u128)INT64_MAX + b.negative)
        return -ERANGE;
    *ret = (int64_t)(b.negative ? 0 - (uint64_t)milli : (uint64_t)milli);
    return 0;
}

/* Powers of ten as Go's math.Pow10 has them: a product or quotient of two nearest doubles. */
static double power_of_ten(int64_t n)
{
    static const double low[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10,
                                 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
                                 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31};
    static const double high[] = {1e0, 1e32, 1e64, 1e96, 1e128, 1e160, 1e192, 1e224, 1e256, 1e288};
    static const double deep[] = {1e0,    1e-32,  1e-64,  1e-96,  1e-128, 1e-160,
                                  1e-192, 1e-224, 1e-256, 1e-288, 1e-320};

    if (n > 308)
        return INFINITY;
    if (n >= 0)
        return high[n / 32] * low[n % 32];
    return n < -323 ? 0 : deep[-n / 32] / low[-n % 32];
}

double amount_double(const struct amount *a)
{
    if (!a->big)
        return a->scale ? (double)a->value * power_of_ten(a->scale) : (double)a->value;

    if (a->huge)
        return a->negative ? -INFINITY : INFINITY;

    const bool fits = a->milli < ~(u128)0 / NANO_PER_MILLI;
    const double mantissa =
        fits ? (double)(a->milli * NANO_PER_MILLI + a->nano) : (double)a->milli * NANO_PER_MILLI;
    return amount_sign(a) * mantissa * power_of_ten(-9);
}
