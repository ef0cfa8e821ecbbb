// SPDX-License-Identifier: MIT
#include "workload/bumps.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool valid_name(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";
    static const char any[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789";
    size_t len = strlen(name);

    return len > 0 && len <= BUMPS_NAME_MAX && strchr(first, *name) && strspn(name, any) == len;
}

/* The index of the gauge, which may be one that does not count yet, at the end; -ENOSPC. */
static int find(struct bumps *b, const char *name)
{
    for (size_t i = 0; i < b->gauge_count; i++)
        if (strcmp(b->gauges[i].name, name) == 0)
            return (int)i;
    return b->gauge_count < BUMPS_GAUGES_MAX ? (int)b->gauge_count : -ENOSPC;
}

static void forget_ended(struct bumps *b, uint64_t now_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->active_count; i++)
        if (b->active[i].until_ns > now_ns)
            b->active[kept++] = b->active[i];
    b->active_count = kept;
}

int bumps_add(struct bumps *b, uint64_t now_ns, uint64_t until_ns, const char *name, double delta)
{
    if (!valid_name(name))
        return -EINVAL;
    forget_ended(b, now_ns);
    int gauge = find(b, name);
    if (gauge < 0 || b->active_count == BUMPS_MAX)
        return -ENOSPC;

    if ((size_t)gauge == b->gauge_count)
        strcpy(b->gauges[b->gauge_count++].name, name);
    b->active[b->active_count++] = (struct bump){(size_t)gauge, delta, until_ns};
    return 0;
}

/* Summed anew, so that what was added and taken away leaves nothing behind. */
static void sum_up(struct bumps *b)
{
    for (size_t i = 0; i < b->gauge_count; i++)
        b->gauges[i].value = 0;
    for (size_t i = 0; i < b->active_count; i++)
        b->gauges[b->active[i].gauge].value += b->active[i].delta;
}

int bumps_write(struct bumps *b, uint64_t now_ns, struct buf *out)
{
    int r = 0;

    forget_ended(b, now_ns);
    sum_up(b);
    for (size_t i = 0; i < b->gauge_count && r == 0; i++) {
        const struct bumps_gauge *g = &b->gauges[i];
        r = buf_printf(out, "# HELP %s info message.\n# TYPE %s gauge\n%s %f\n", g->name, g->name,
                       g->name, g->value);
    }
    return r;
}
