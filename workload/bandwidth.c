// SPDX-License-Identifier: MIT
#include "workload/bandwidth.h"

/* CPU that nobody asks for, such as serving HTTP, cannot be held back. It is owed, but it must not
 * stop those who ask for ever. */
#define DEBT_PERIODS_MAX 10

static void begin_period(struct bandwidth *b, uint64_t period_ns)
{
    b->period_ns = period_ns;
    b->throttled = false;
    b->periods++;
}

/* Goes on to the period that now_ns is in. */
static void catch_up(struct bandwidth *b, uint64_t now_ns, uint64_t cpu_ns)
{
    uint64_t passed = (now_ns - b->period_ns) / BANDWIDTH_PERIOD_NS;
    uint64_t full_ns = cpu_ns + b->quota_ns;

    if (passed == 0)
        return;
    b->until_ns += passed * b->quota_ns;
    if (b->until_ns > full_ns)
        b->until_ns = full_ns;
    if (b->until_ns + DEBT_PERIODS_MAX * b->quota_ns < cpu_ns)
        b->until_ns = cpu_ns - DEBT_PERIODS_MAX * b->quota_ns;
    begin_period(b, b->period_ns + passed * BANDWIDTH_PERIOD_NS);
}

uint64_t bandwidth_wait_ns(struct bandwidth *b, uint64_t now_ns, uint64_t cpu_ns)
{
    if (b->periods == 0) {
        b->until_ns = cpu_ns + b->quota_ns;
        begin_period(b, now_ns);
    }
    catch_up(b, now_ns, cpu_ns);
    if (cpu_ns < b->until_ns)
        return 0;

    if (!b->throttled)
        b->throttled_periods++;
    b->throttled = true;
    return b->period_ns + BANDWIDTH_PERIOD_NS - now_ns;
}
