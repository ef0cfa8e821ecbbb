// SPDX-License-Identifier: MIT
/* parse: numbers from text. The whole string must be the number, in range, with no white space.
 * 0; -EINVAL when it is not a number of that kind; -ERANGE outside min..max. On failure the output
 * is untouched. Any thread. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret); /* digits only */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret);    /* an optional sign */

/* Decimal with optional sign, fraction and exponent; no hex, no "inf", no "nan". */
int parse_double(const char *text, double min, double max, double *ret);

int parse_bool(const char *text, bool *ret); /* "true", "false", "1", "0" */

#endif
