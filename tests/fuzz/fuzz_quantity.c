// SPDX-License-Identifier: MIT
/* Quantities: what parses must format to a text that parses to the same, and what fits is the same
 * to Kubernetes. */
#include "kube/quantity.h"

#include "kube/amount.h"

#include "base/scoped.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(int64_t milli)
{
    char text[QUANTITY_TEXT_MAX];
    int64_t again = ~milli;

    if (quantity_parse(quantity_format(milli, text), &again) < 0 || again != milli)
        abort();
    again = ~milli;
    if (quantity_parse(quantity_format_binary(milli, text), &again) < 0 || again != milli)
        abort();
}

static void check_amount(const char *text)
{
    struct amount a, sum;
    int64_t milli;

    if (amount_parse(text, &a) < 0)
        return;
    sum = a;
    amount_add(&sum, &a);
    (void)amount_double(&sum);
    if (amount_milli_exact(&a, &milli) < 0)
        return;
    if (!a.negative && milli != amount_milli(&a))
        abort();
    if (amount_compare(&sum, &a) != amount_sign(&a))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(free_at) char *text = strndup((const char *)data, size);
    json_auto_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    int64_t milli;

    check_amount(text);
    if (quantity_parse(text, &milli) == 0)
        check_round_trip(milli);
    if (quantity_from_json(value, &milli) == 0)
        check_round_trip(milli);
    return 0;
}
