// SPDX-License-Identifier: MIT
#include "workload/cost.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "workload/burn.h"

#include <errno.h>
#include <string.h>

uint64_t cost_ns(double cpu_ms)
{
    return (uint64_t)(cpu_ms * (double)NS_PER_MS);
}

uint64_t cost_times(uint64_t cpu_ns, double factor)
{
    double more_ms = (double)cpu_ns / (double)NS_PER_MS * factor;

    return cost_ns(more_ms < BURN_CPU_MS_MAX ? more_ms : BURN_CPU_MS_MAX);
}

int cost_of_request(const struct http_request *r, double default_ms, uint64_t *ret_cpu_ns,
                    struct err *err)
{
    const char *text = NULL;
    double cpu_ms = default_ms;

    for (size_t i = 0; i < r->query_count; i++) {
        if (strcmp(r->query[i].name, "cpu_ms") != 0)
            continue;
        if (text)
            return err_set(err, -EINVAL, "cpu_ms is given more than once");
        text = r->query[i].value;
    }
    if (text && parse_double(text, 0, BURN_CPU_MS_MAX, &cpu_ms) < 0)
        return err_set(err, -EINVAL,
                       "cpu_ms takes a number of milliseconds from 0 to %g, not '%.40s'",
                       BURN_CPU_MS_MAX, text);

    *ret_cpu_ns = cost_ns(cpu_ms);
    return 0;
}
