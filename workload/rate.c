// SPDX-License-Identifier: MIT
#include "workload/rate.h"

#include "base/clock.h"
#include "base/scoped.h"

#define READINGS ARRAY_LEN(((struct rate *)0)->readings)

static void keep(struct rate *r, uint64_t mono_ns, uint64_t total)
{
    r->readings[r->next].mono_ns = mono_ns;
    r->readings[r->next].total = total;
    r->next = (r->next + 1) % READINGS;
    if (r->count < READINGS)
        r->count++;
}

/* The place of the oldest reading that is not older than the window. */
static size_t oldest(const struct rate *r, uint64_t mono_ns)
{
    size_t at = (r->next + READINGS - r->count) % READINGS;

    for (size_t i = 1; i < r->count; i++) {
        if (mono_ns - r->readings[at].mono_ns <= RATE_WINDOW_S * NS_PER_S)
            break;
        at = (at + 1) % READINGS;
    }
    return at;
}

double rate_feed(struct rate *r, uint64_t mono_ns, uint64_t total)
{
    size_t newest = (r->next + READINGS - 1) % READINGS;

    if (r->count && total < r->readings[newest].total)
        *r = (struct rate){0};
    if (r->count == 0 || mono_ns - r->readings[newest].mono_ns >= NS_PER_S)
        keep(r, mono_ns, total);

    size_t from = oldest(r, mono_ns);
    uint64_t ns = mono_ns - r->readings[from].mono_ns;
    if (ns < NS_PER_S)
        return 0;
    return (double)(total - r->readings[from].total) / ((double)ns / (double)NS_PER_S);
}
