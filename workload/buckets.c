// SPDX-License-Identifier: MIT
#include "workload/buckets.h"

#include "base/scoped.h"

#include <math.h>
#include <stdlib.h>

static const double usual[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
static const double multiples[] = {1, 1.1, 1.25, 1.5, 2, 3, 5, 10};

_Static_assert(ARRAY_LEN(usual) + ARRAY_LEN(multiples) <= BUCKETS_MAX, "all of them may differ");

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Four digits are enough for a bound, and 0.011 reads better than 0.011000000000000001. */
static double rounded(double bound)
{
    double unit = pow(10, floor(log10(bound)) - 3);

    return unit < 1 ? round(bound / unit) / round(1 / unit) : round(bound / unit) * unit;
}

size_t buckets_for_cost(double cost_s, double ret_bounds[BUCKETS_MAX])
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        ret_bounds[count++] = usual[i];
    for (size_t i = 0; i < ARRAY_LEN(multiples) && cost_s >= 1e-6; i++)
        ret_bounds[count++] = rounded(cost_s * multiples[i]);
    qsort(ret_bounds, count, sizeof(*ret_bounds), by_size);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ret_bounds[i] > ret_bounds[kept - 1])
            ret_bounds[kept++] = ret_bounds[i];
    return kept;
}
