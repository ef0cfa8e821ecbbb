// SPDX-License-Identifier: MIT
#include "workload/spread.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char lognormal[] = "lognormal:";

int spread_parse(const char *flag, const char *text, struct spread *ret, struct err *err)
{
    struct spread s = {0};

    if (strcmp(text, "constant") == 0)
        s.kind = SPREAD_CONSTANT;
    else if (strcmp(text, "exponential") == 0)
        s.kind = SPREAD_EXPONENTIAL;
    else if (strncmp(text, lognormal, strlen(lognormal)) == 0 &&
             parse_double(text + strlen(lognormal), 0, SPREAD_SIGMA_MAX, &s.sigma) == 0 &&
             s.sigma > 0)
        s.kind = SPREAD_LOGNORMAL;
    else
        return err_set(err, -EINVAL,
                       "%s takes constant, exponential or lognormal:SIGMA with SIGMA above 0 and "
                       "up to %g, not '%s'",
                       flag, SPREAD_SIGMA_MAX, text);
    *ret = s;
    return 0;
}

/* Box and Muller 1958. */
static double standard_normal(struct dice *dice)
{
    double radius = sqrt(-2 * log(dice_roll(dice)));

    return radius * cos(2 * M_PI * dice_roll(dice));
}

double spread_factor(const struct spread *s, struct dice *dice)
{
    switch (s->kind) {
    case SPREAD_EXPONENTIAL:
        return -log(dice_roll(dice));
    case SPREAD_LOGNORMAL: /* the mean of exp(sigma * z) is exp(sigma^2 / 2) */
        return exp(s->sigma * standard_normal(dice) - s->sigma * s->sigma / 2);
    case SPREAD_CONSTANT:
        break;
    }
    return 1;
}
