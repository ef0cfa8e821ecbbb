// SPDX-License-Identifier: MIT
/* wrap: integers that wrap and doubles that do not fit, as Go on amd64 has them. In C both are
 * undefined unless one says what is meant. Any thread. */
#ifndef LAB_HPA_WRAP_H
#define LAB_HPA_WRAP_H

#include <stdint.h>

static inline int64_t wrap_add64(int64_t a, int64_t b)
{
    int64_t sum;

    (void)__builtin_add_overflow(a, b, &sum);
    return sum;
}

static inline int64_t wrap_mul64(int64_t a, int64_t b)
{
    int64_t product;

    (void)__builtin_mul_overflow(a, b, &product);
    return product;
}

/* b != 0. The one quotient that does not fit is INT64_MIN / -1. */
static inline int64_t wrap_div64(int64_t a, int64_t b)
{
    return b == -1 ? wrap_mul64(a, -1) : a / b;
}

static inline int32_t wrap_add32(int32_t a, int32_t b)
{
    int32_t sum;

    (void)__builtin_add_overflow(a, b, &sum);
    return sum;
}

static inline int32_t wrap_sub32(int32_t a, int32_t b)
{
    int32_t difference;

    (void)__builtin_sub_overflow(a, b, &difference);
    return difference;
}

/* Truncates. NaN and what is out of range become the most negative number. */
static inline int32_t int32_from_double(double d)
{
    return d > -2147483649.0 && d < 2147483648.0 ? (int32_t)d : INT32_MIN;
}

static inline int64_t int64_from_double(double d)
{
    return d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : INT64_MIN;
}

#endif
