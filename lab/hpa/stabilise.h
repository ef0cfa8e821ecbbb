// SPDX-License-Identifier: MIT
/* stabilise: the recommendations of one HPA, and what they hold back.
 *
 * Source: horizontal.go, stabilizeRecommendation (without behavior) and
 * stabilizeRecommendationWithBehaviors. Recommendations are kept raw: neither stabilised nor
 * limited. Of the entries that no window needs any more one is overwritten in each run, the last in
 * the list; so the list is not in the order of time. One thread. */
#ifndef LAB_HPA_STABILISE_H
#define LAB_HPA_STABILISE_H

#include "lab/hpa/hpa.h"

struct recommendation {
    int32_t value;
    uint64_t time_ns;
};

struct recommendations { /* {0} is ready to use */
    struct recommendation *all;
    size_t count, size;
};

struct stabilised {
    int32_t value;
    enum hpa_held held;
    struct recommendation by; /* unless HPA_NOT_HELD */
    uint64_t window_ns;
};

/* Makes room for one evaluation's entries: the functions below do not fail. 0 or -ENOMEM. */
int recommendations_reserve(struct recommendations *r);
void recommendations_done(struct recommendations *r);

/* A history that is empty begins with the size that was found. */
void recommendations_begin(struct recommendations *r, int32_t current, uint64_t now_ns);

/* Both remember desired. Without behavior: only a scale-down window, its end included. */
struct stabilised stabilise_legacy(struct recommendations *r, int32_t desired, uint64_t window_ns,
                                   uint64_t now_ns);

/* With behavior: a window for each direction, ends excluded. */
struct stabilised stabilise_windows(struct recommendations *r, int32_t current, int32_t desired,
                                    uint64_t up_window_ns, uint64_t down_window_ns,
                                    uint64_t now_ns);

#endif
