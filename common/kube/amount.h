// SPDX-License-Identifier: MIT
/* amount: a resource.Quantity as Kubernetes computes with it, to the bit.
 *
 * Most texts are a 64-bit number times a power of ten, and stay that. A text that is too long or
 * too fine for it becomes a big decimal with nine places, rounded away from zero; with a binary
 * suffix it is capped to +-(2^63-1). Which of the two it is can be seen from outside only when a
 * result does not fit 64 bits: it then wraps or becomes 0, differently. Whoever wants to know
 * instead uses quantity.h.
 *
 * Source: k8s.io/apimachinery/pkg/api/resource v0.36: quantity.go, amount.go, math.go,
 * scale_int.go. Big decimals are exact up to 3e35 and keep their low 64 bits beyond; a big negative
 * sum, which no API object holds, may round differently. Any thread. */
#ifndef KUBE_AMOUNT_H
#define KUBE_AMOUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct amount { /* {0} is zero; the fields belong to amount.c */
    int64_t value;
    int32_t scale; /* value * 10^scale */

    bool big; /* then instead: milli / 10^3 + nano / 10^9, nano < 10^6 */
    bool negative;
    bool huge; /* milli is only the low bits */
    uint32_t nano;
    unsigned __int128 milli;
};

/* Reads text ("200m", "1.5", "1Ki", "1e3"). 0, or -EINVAL when it is no quantity. */
int amount_parse(const char *text, struct amount *ret);

/* The same from a JSON string or number, as the API accepts both. -EINVAL for any other type. */
int amount_from_json(const json_t *value, struct amount *ret);

int amount_sign(const struct amount *a); /* -1, 0 or 1 */
int amount_compare(const struct amount *a, const struct amount *b);
void amount_add(struct amount *a, const struct amount *b);

/* Thousandths, rounded away from zero. Wraps or becomes 0 as Quantity.MilliValue does. */
int64_t amount_milli(const struct amount *a);

/* The same, but -ERANGE with *ret untouched when the true number does not fit. */
int amount_milli_exact(const struct amount *a, int64_t *ret);

/* As Quantity.AsApproximateFloat64: the mantissa times a power of ten, which is not always the
 * nearest double (0.35 is 35 * 0.01 = 0.35000000000000003). Beyond 3e29 the
 * last bits may differ. */
double amount_double(const struct amount *a);

#endif
