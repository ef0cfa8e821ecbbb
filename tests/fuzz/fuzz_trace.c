// SPDX-License-Identifier: MIT
/* The CSV of a recorded load. What is accepted is in order. */
#include "base/err.h"
#include "lab/simulate/trace.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct profile_steps *s)
{
    if (s->count == 0 || s->list[0].at_s != 0)
        abort();
    for (size_t i = 0; i < s->count; i++)
        if (!(s->list[i].rate >= 0 && s->list[i].rate <= TRACE_RATE_MAX) ||
            (i > 0 && !(s->list[i].at_s > s->list[i - 1].at_s)))
            abort();
}

static void parse(const uint8_t *data, size_t size, struct trace_columns columns)
{
    struct profile_steps steps = {0};
    struct err err = {0};

    if (trace_parse("fuzz", (const char *)data, size, columns, &steps, &err) == 0)
        check(&steps);
    else if (strncmp(err.text, "fuzz:", 5) != 0) /* every refusal says where */
        abort();
    free(steps.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, (struct trace_columns){0});
    parse(data, size, (struct trace_columns){.time = "time", .rate = "rate"});
    return 0;
}
