// SPDX-License-Identifier: MIT
/* The parameters of a request that burns. The first byte of each line that is '=' ends a name. */
#include "base/err.h"
#include "workload/burn.h"
#include "workload/cost.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(char *text, struct http_pair query[PARAMETERS_MAX])
{
    size_t count = 0;

    for (char *line; count < PARAMETERS_MAX && (line = strsep(&text, "\n"));) {
        char *value = strchr(line, '=');
        if (value)
            *value++ = '\0';
        query[count++] = (struct http_pair){line, value ? value : ""};
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_pair query[PARAMETERS_MAX];
    char *text = strndup((const char *)data, size);
    struct err err = {0};
    uint64_t cpu_ns = 0;

    if (!text)
        return 0;
    struct http_request r = {.query = query, .query_count = split(text, query)};
    int result = cost_of_request(&r, 10, &cpu_ns, &err);
    if (result == 0 ? cpu_ns > cost_ns(BURN_CPU_MS_MAX) : strncmp(err.text, "cpu_ms ", 7) != 0)
        abort();
    free(text);
    return 0;
}
