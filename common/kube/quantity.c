// SPDX-License-Identifier: MIT
#include "kube/quantity.h"

#include "kube/amount.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int quantity_parse(const char *text, int64_t *ret_milli)
{
    struct amount a;
    int r = amount_parse(text, &a);

    return r < 0 ? r : amount_milli_exact(&a, ret_milli);
}

int quantity_from_json(const json_t *value, int64_t *ret_milli)
{
    struct amount a;
    int r = amount_from_json(value, &a);

    return r < 0 ? r : amount_milli_exact(&a, ret_milli);
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
