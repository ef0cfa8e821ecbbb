// SPDX-License-Identifier: MIT
/* quantity: Kubernetes' resource.Quantity as an exact number of thousandths.
 *
 * Source: the API's serialization format for quantities (sign, digits with an optional point, then
 * a decimal suffix n u m k M G T P E, a binary suffix Ki Mi Gi Ti Pi Ei, or an exponent e3/E-3).
 * What Kubernetes itself makes of numbers that do not fit is in amount.h. Any thread. */
#ifndef KUBE_QUANTITY_H
#define KUBE_QUANTITY_H

#include <jansson.h>
#include <stdint.h>

#define QUANTITY_TEXT_MAX 40

/* Reads text ("200m", "1.5", "1Ki", "1e3") as milli-units. What is finer than a thousandth is
 * rounded away from zero, as Kubernetes does. 0; -EINVAL when it is not a quantity; -ERANGE when it
 * does not fit int64 thousandths. *ret_milli is untouched on failure. */
int quantity_parse(const char *text, int64_t *ret_milli);

/* The same from a JSON string or number, as the API accepts both. -EINVAL for any other type. */
int quantity_from_json(const json_t *value, int64_t *ret_milli);

/* Canonical text as an API server returns it: no point, the largest suffix that keeps a whole
 * number: 1500 -> "1500m", 12000000 -> "12k". Decimal: m, none, k M G T P E. Returns text. */
char *quantity_format(int64_t milli, char text[QUANTITY_TEXT_MAX]);

/* For memory: a whole multiple of 1024 bytes gets Ki..Ei, anything else is decimal. milli is
 * thousandths of a byte. Returns text. */
char *quantity_format_binary(int64_t milli, char text[QUANTITY_TEXT_MAX]);

#endif
