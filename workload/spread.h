// SPDX-License-Identifier: MIT
/* spread: how the costs of requests differ from their mean, so that service times look like real
 * ones. Any thread. */
#ifndef WORKLOAD_SPREAD_H
#define WORKLOAD_SPREAD_H

#include "workload/dice.h"

struct err;

enum spread_kind { SPREAD_CONSTANT, SPREAD_EXPONENTIAL, SPREAD_LOGNORMAL };

#define SPREAD_SIGMA_MAX 4.0 /* the mean of more than that comes from one request in thousands */

struct spread {
    enum spread_kind kind;
    double sigma; /* of the logarithm, SPREAD_LOGNORMAL */
};

/* Reads "constant", "exponential" or "lognormal:SIGMA" with 0 < SIGMA <= SPREAD_SIGMA_MAX. -EINVAL
 * with a sentence that names the flag. */
int spread_parse(const char *flag, const char *text, struct spread *ret, struct err *err);

/* A factor for the next cost; their mean is 1. */
double spread_factor(const struct spread *s, struct dice *dice);

#endif
