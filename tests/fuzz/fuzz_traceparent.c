// SPDX-License-Identifier: MIT
/* Trace headers of strangers: what is taken for a trace id is 32 hex digits, whatever came. */
#include "metrics/traceparent.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = malloc(size + 1);
    char id[TRACE_ID_SIZE];

    if (!header)
        return 0;
    memcpy(header, data, size);
    header[size] = '\0';
    if (traceparent_read(header, id) == 0 &&
        (strspn(id, "0123456789abcdef") != TRACE_ID_SIZE - 1 || id[TRACE_ID_SIZE - 1] != '\0'))
        abort();
    free(header);
    return 0;
}
