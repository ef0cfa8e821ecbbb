// SPDX-License-Identifier: MIT
/* limit: how far one step may go, and the scale events that the policies of `behavior` count.
 *
 * Source: horizontal.go, convertDesiredReplicasWithRules (without behavior),
 * convertDesiredReplicasWithBehaviorRate, calculateScaleUpLimitWithScalingRules,
 * calculateScaleDownLimitWithBehaviors, storeScaleEvent. Replica arithmetic is int32 and wraps.
 * One thread. */
#ifndef LAB_HPA_LIMIT_H
#define LAB_HPA_LIMIT_H

#include "lab/hpa/hpa.h"

struct change {
    int32_t replicas; /* 0 or more */
    bool reusable;    /* once older than the longest period it may be overwritten, for good */
    uint64_t time_ns;
};

struct changes { /* of one direction; {0} is ready to use */
    struct change *all;
    size_t count, size;

    /* What the last store did, so that it can be looked behind. */
    size_t stored_at;
    struct change overwritten;
    bool appended;
};

struct limited {
    int32_t value;
    enum hpa_limited kind;
};

int changes_reserve(struct changes *c); /* room for one more; 0 or -ENOMEM */
void changes_done(struct changes *c);

/* Remembers a change; needs room. */
void changes_store(struct changes *c, const struct hpa_rules *rules, int32_t replicas,
                   uint64_t now_ns);

/* Sum of the changes younger than the period (strictly). */
int32_t changes_within(const struct changes *c, int32_t period_s, uint64_t now_ns);

/* The changes as an evaluation at now_ns saw them: without the one that its own write stored.
 * New memory in *ret; 0 or -ENOMEM. */
int changes_seen(const struct changes *c, uint64_t now_ns, struct changes *ret);

/* Where a policy counts from (current without what its period has seen), and how far it lets go
 * from there. */
int32_t policy_start(const struct hpa_policy *p, const struct changes *up,
                     const struct changes *down, int32_t current, uint64_t now_ns);
int32_t policy_limit(const struct hpa_policy *p, int32_t start, bool going_up);

/* How far all policies of one direction let go; may lie on the wrong side of current, which then
 * counts. */
int32_t rules_limit(const struct hpa_rules *rules, const struct changes *up,
                    const struct changes *down, int32_t current, bool going_up, uint64_t now_ns);

/* Without behavior: how far up one step may go, whatever max says. */
int32_t limit_legacy_step(int32_t current);

/* Without behavior: at most twice the current size or 4, whichever is more, within min..max. */
struct limited limit_legacy(int32_t current, int32_t stabilised, int32_t min, int32_t max);

/* With behavior. Both directions' changes count in both. */
struct limited limit_policies(const struct hpa_spec *spec, const struct changes *up,
                              const struct changes *down, int32_t current, int32_t stabilised,
                              uint64_t now_ns);

#endif
