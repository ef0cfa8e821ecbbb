// SPDX-License-Identifier: MIT
#include "workload/go_float.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 17

/* The fewest significant digits from which value can be read back. */
static int digits_needed(double value)
{
    char text[GO_FLOAT_TEXT_MAX];
    int digits = 1;

    for (; digits < DIGITS_MAX; digits++) {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return digits;
}

/* "1.25e+20" becomes "125" and the zeros. */
static void write_out(char *text, int zeros)
{
    char *point = strchr(text, '.'), *end = strchr(text, 'e');

    if (point) {
        memmove(point, point + 1, (size_t)(end - point - 1));
        end--;
    }
    memset(end, '0', (size_t)zeros);
    end[zeros] = '\0';
}

char *go_float(double value, char text[GO_FLOAT_TEXT_MAX])
{
    int digits = digits_needed(value);

    (void)snprintf(text, GO_FLOAT_TEXT_MAX, "%.*e", digits - 1, value);
    int exponent = atoi(strchr(text, 'e') + 1);
    int decimals = digits - 1 - exponent;
    if (exponent < -4 || exponent >= 21)
        return text;
    if (decimals < 0)
        write_out(text, -decimals);
    else
        (void)snprintf(text, GO_FLOAT_TEXT_MAX, "%.*f", decimals, value);
    return text;
}
