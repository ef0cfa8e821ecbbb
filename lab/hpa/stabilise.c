// SPDX-License-Identifier: MIT
#include "lab/hpa/stabilise.h"

#include <errno.h>
#include <stdlib.h>

/* What one evaluation can add: the first entry and the recommendation. */
#define ADDED_MAX 2

int recommendations_reserve(struct recommendations *r)
{
    size_t size = r->size ? 2 * r->size : 32;

    if (r->count + ADDED_MAX <= r->size)
        return 0;

    struct recommendation *all = reallocarray(r->all, size, sizeof(*all));
    if (!all)
        return -ENOMEM;
    r->all = all;
    r->size = size;
    return 0;
}

void recommendations_done(struct recommendations *r)
{
    free(r->all);
    *r = (struct recommendations){0};
}

void recommendations_begin(struct recommendations *r, int32_t current, uint64_t now_ns)
{
    if (r->count == 0)
        r->all[r->count++] = (struct recommendation){.value = current, .time_ns = now_ns};
}

/* at: an entry to overwrite, or NULL. */
static void store(struct recommendations *r, struct recommendation *at, int32_t value,
                  uint64_t now_ns)
{
    if (!at)
        at = &r->all[r->count++];
    *at = (struct recommendation){.value = value, .time_ns = now_ns};
}

/* Windows reach back before 1970 in tests only, but must not wrap there either. */
static int64_t cutoff(uint64_t now_ns, uint64_t window_ns)
{
    return (int64_t)now_ns - (int64_t)window_ns;
}

static bool is_before(const struct recommendation *e, int64_t time_ns)
{
    return (int64_t)e->time_ns < time_ns;
}

static bool is_after(const struct recommendation *e, int64_t time_ns)
{
    return (int64_t)e->time_ns > time_ns;
}

/* Of equal values the youngest holds, because it holds longest. */
static void keep_higher(struct recommendation *best, const struct recommendation *e)
{
    if (e->value > best->value || (e->value == best->value && e->time_ns > best->time_ns))
        *best = *e;
}

static void keep_lower(struct recommendation *best, const struct recommendation *e)
{
    if (e->value < best->value || (e->value == best->value && e->time_ns > best->time_ns))
        *best = *e;
}

struct stabilised stabilise_legacy(struct recommendations *r, int32_t desired, uint64_t window_ns,
                                   uint64_t now_ns)
{
    const int64_t cut = cutoff(now_ns, window_ns);
    struct recommendation highest = {.value = desired, .time_ns = now_ns};
    struct recommendation *obsolete = NULL;

    for (size_t i = 0; i < r->count; i++) {
        if (is_before(&r->all[i], cut))
            obsolete = &r->all[i];
        else
            keep_higher(&highest, &r->all[i]);
    }
    store(r, obsolete, desired, now_ns);

    return (struct stabilised){.value = highest.value,
                               .held = highest.value != desired ? HPA_HELD_DOWN : HPA_NOT_HELD,
                               .by = highest,
                               .window_ns = window_ns};
}

static struct stabilised held_up(int32_t value, struct recommendation by, uint64_t window_ns)
{
    return (struct stabilised){value, HPA_HELD_UP, by, window_ns};
}

static struct stabilised held_down(int32_t value, struct recommendation by, uint64_t window_ns)
{
    return (struct stabilised){value, HPA_HELD_DOWN, by, window_ns};
}

struct stabilised stabilise_windows(struct recommendations *r, int32_t current, int32_t desired,
                                    uint64_t up_window_ns, uint64_t down_window_ns, uint64_t now_ns)
{
    const int64_t up_cut = cutoff(now_ns, up_window_ns);
    const int64_t down_cut = cutoff(now_ns, down_window_ns);
    struct recommendation lowest = {.value = desired, .time_ns = now_ns};
    struct recommendation highest = lowest;
    struct recommendation *obsolete = NULL;
    int32_t value = current;

    for (size_t i = 0; i < r->count; i++) {
        struct recommendation *e = &r->all[i];
        if (is_after(e, up_cut))
            keep_lower(&lowest, e);
        if (is_after(e, down_cut))
            keep_higher(&highest, e);
        if (is_before(e, up_cut) && is_before(e, down_cut))
            obsolete = e;
    }
    store(r, obsolete, desired, now_ns);

    if (value < lowest.value)
        value = lowest.value;
    if (value > highest.value)
        value = highest.value;
    if (value == desired)
        return (struct stabilised){.value = value};
    return desired >= current ? held_up(value, lowest, up_window_ns)
                              : held_down(value, highest, down_window_ns);
}
