// SPDX-License-Identifier: MIT
#include "lab/hpa/limit.h"

#include "base/clock.h"
#include "lab/hpa/wrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int changes_reserve(struct changes *c)
{
    size_t size = c->size ? 2 * c->size : 8;

    if (c->count < c->size)
        return 0;

    struct change *all = reallocarray(c->all, size, sizeof(*all));
    if (!all)
        return -ENOMEM;
    c->all = all;
    c->size = size;
    return 0;
}

void changes_done(struct changes *c)
{
    free(c->all);
    *c = (struct changes){0};
}

static int64_t cutoff(uint64_t now_ns, int32_t period_s)
{
    return (int64_t)now_ns - (int64_t)period_s * (int64_t)NS_PER_S;
}

static int32_t longest_period(const struct hpa_rules *rules)
{
    int32_t longest = 0;

    for (size_t i = 0; i < rules->policy_count; i++)
        if (rules->policies[i].period_s > longest)
            longest = rules->policies[i].period_s;
    return longest;
}

void changes_store(struct changes *c, const struct hpa_rules *rules, int32_t replicas,
                   uint64_t now_ns)
{
    const int64_t cut = cutoff(now_ns, longest_period(rules));
    size_t at = c->count;

    for (size_t i = 0; i < c->count; i++) {
        if ((int64_t)c->all[i].time_ns < cut)
            c->all[i].reusable = true;
        if (c->all[i].reusable)
            at = i;
    }
    c->stored_at = at;
    c->appended = at == c->count;
    if (c->appended)
        c->count++;
    else
        c->overwritten = c->all[at];
    c->all[at] = (struct change){.replicas = replicas, .time_ns = now_ns};
}

int changes_seen(const struct changes *c, uint64_t now_ns, struct changes *ret)
{
    const bool newer = c->count && c->all[c->stored_at].time_ns >= now_ns;
    struct change *all = calloc(c->count + 1, sizeof(*all));

    if (!all)
        return -ENOMEM;
    if (c->count)
        memcpy(all, c->all, c->count * sizeof(*all));
    if (newer && !c->appended)
        all[c->stored_at] = c->overwritten;
    *ret = (struct changes){
        .all = all, .count = c->count - (newer && c->appended ? 1 : 0), .size = c->count + 1};
    return 0;
}

int32_t changes_within(const struct changes *c, int32_t period_s, uint64_t now_ns)
{
    const int64_t cut = cutoff(now_ns, period_s);
    int32_t sum = 0;

    for (size_t i = 0; i < c->count; i++)
        if ((int64_t)c->all[i].time_ns > cut)
            sum = wrap_add32(sum, c->all[i].replicas);
    return sum;
}

int32_t limit_legacy_step(int32_t current)
{
    return int32_from_double(fmax(2.0 * (double)current, 4.0));
}

struct limited limit_legacy(int32_t current, int32_t stabilised, int32_t min, int32_t max)
{
    int32_t step = limit_legacy_step(current);
    int32_t upper = max > step ? step : max;

    if (stabilised < min)
        return (struct limited){min, HPA_TOO_FEW};
    if (stabilised > upper)
        return (struct limited){upper, max > step ? HPA_SCALE_UP_LIMIT : HPA_TOO_MANY};
    return (struct limited){stabilised, HPA_WITHIN_RANGE};
}

int32_t policy_start(const struct hpa_policy *p, const struct changes *up,
                     const struct changes *down, int32_t current, uint64_t now_ns)
{
    return wrap_add32(wrap_sub32(current, changes_within(up, p->period_s, now_ns)),
                      changes_within(down, p->period_s, now_ns));
}

int32_t policy_limit(const struct hpa_policy *p, int32_t start, bool going_up)
{
    double share = (double)p->value / 100;

    if (p->type == HPA_POLICY_PODS)
        return going_up ? wrap_add32(start, p->value) : wrap_sub32(start, p->value);
    if (going_up) /* rounded up: else 1 would never grow */
        return int32_from_double(ceil((double)start * (1 + share)));
    return int32_from_double((double)start * (1 - share));
}

/* Max means the largest change: going down that is the lowest limit. */
int32_t rules_limit(const struct hpa_rules *rules, const struct changes *up,
                    const struct changes *down, int32_t current, bool going_up, uint64_t now_ns)
{
    const bool highest = (rules->select == HPA_SELECT_MAX) == going_up;
    int32_t limit = highest ? INT32_MIN : INT32_MAX, proposed = 0;

    if (rules->select == HPA_SELECT_DISABLED)
        return current;
    for (size_t i = 0; i < rules->policy_count; i++) {
        const struct hpa_policy *p = &rules->policies[i];
        if (p->type != HPA_POLICY_UNKNOWN) /* else that of the policy before */
            proposed = policy_limit(p, policy_start(p, up, down, current, now_ns), going_up);
        if (highest ? proposed > limit : proposed < limit)
            limit = proposed;
    }
    return limit;
}

static struct limited limit_up(const struct hpa_spec *spec, int32_t current, int32_t stabilised,
                               int32_t limit)
{
    if (limit < current)
        limit = current;
    if (spec->max > limit)
        return stabilised > limit ? (struct limited){limit, HPA_SCALE_UP_LIMIT}
                                  : (struct limited){stabilised, HPA_WITHIN_RANGE};
    return stabilised > spec->max ? (struct limited){spec->max, HPA_TOO_MANY}
                                  : (struct limited){stabilised, HPA_WITHIN_RANGE};
}

static struct limited limit_down(const struct hpa_spec *spec, int32_t current, int32_t stabilised,
                                 int32_t limit)
{
    if (limit > current)
        limit = current;
    if (spec->min < limit)
        return stabilised < limit ? (struct limited){limit, HPA_SCALE_DOWN_LIMIT}
                                  : (struct limited){stabilised, HPA_WITHIN_RANGE};
    return stabilised < spec->min ? (struct limited){spec->min, HPA_TOO_FEW}
                                  : (struct limited){stabilised, HPA_WITHIN_RANGE};
}

struct limited limit_policies(const struct hpa_spec *spec, const struct changes *up,
                              const struct changes *down, int32_t current, int32_t stabilised,
                              uint64_t now_ns)
{
    if (stabilised > current)
        return limit_up(spec, current, stabilised,
                        rules_limit(&spec->up, up, down, current, true, now_ns));
    if (stabilised < current)
        return limit_down(spec, current, stabilised,
                          rules_limit(&spec->down, up, down, current, false, now_ns));
    return (struct limited){stabilised, HPA_WITHIN_RANGE};
}
