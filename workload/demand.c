// SPDX-License-Identifier: MIT
#include "workload/demand.h"

#include <errno.h>

int demand_add(struct demand *d, uint64_t now_ns, uint64_t until_ns, uint32_t millicores)
{
    if (until_ns <= now_ns || millicores == 0)
        return 0;
    if (d->count == DEMAND_MAX)
        return -ENOSPC;
    d->entries[d->count++] = (struct demand_entry){now_ns, until_ns, millicores};
    return 0;
}

uint64_t demand_millicores(const struct demand *d, uint64_t now_ns)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < d->count; i++)
        if (d->entries[i].from_ns <= now_ns && now_ns < d->entries[i].until_ns)
            sum += d->entries[i].millicores;
    return sum;
}

uint64_t demand_cpu_ns(const struct demand *d, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t sum = 0; /* thousandths of a nanosecond */

    for (size_t i = 0; i < d->count; i++) {
        const struct demand_entry *e = &d->entries[i];
        uint64_t from = e->from_ns > from_ns ? e->from_ns : from_ns;
        uint64_t to = e->until_ns < to_ns ? e->until_ns : to_ns;
        if (to > from)
            sum += (to - from) * e->millicores;
    }
    return sum / 1000;
}

void demand_forget(struct demand *d, uint64_t before_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->count; i++)
        if (d->entries[i].until_ns >= before_ns)
            d->entries[kept++] = d->entries[i];
    d->count = kept;
}
