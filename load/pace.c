// SPDX-License-Identifier: MIT
#include "load/pace.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef unsigned __int128 wide; /* index x nanoseconds leaves 64 bits within minutes */

/* "1m", or "m" for one of it. */
static int parse_per(const char *text, uint64_t *ret_ns)
{
    char one[16];

    if (!isalpha((unsigned char)*text))
        return clock_parse_duration(text, ret_ns);
    int n = snprintf(one, sizeof(one), "1%s", text);
    return n < (int)sizeof(one) ? clock_parse_duration(one, ret_ns) : -EINVAL;
}

int pace_parse(const char *text, struct pace *ret, struct err *err)
{
    struct pace p = {.per_ns = NS_PER_S};
    const char *slash = strchrnul(text, '/');
    char count[24];

    int n = snprintf(count, sizeof(count), "%.*s", (int)(slash - text), text);
    if (n >= (int)sizeof(count) || parse_u64(count, 0, UINT64_MAX, &p.count) < 0 ||
        (*slash && parse_per(slash + 1, &p.per_ns) < 0) || p.per_ns == 0)
        return err_set(err, -EINVAL,
                       "a rate is requests, or requests/time such as 100/s or 90/1m, not '%s'",
                       text);
    if (p.count == 0)
        return err_set(err, -EINVAL, "the rate must be above 0, not '%s'", text);
    if ((wide)p.count * NS_PER_S > (wide)PACE_MAX_PER_S * p.per_ns)
        return err_set(err, -EINVAL, "the rate must be at most %d/s, not '%s'", PACE_MAX_PER_S,
                       text);

    *ret = p;
    return 0;
}

uint64_t pace_offset_ns(const struct pace *p, uint64_t index)
{
    wide offset = (wide)index * p->per_ns / p->count;

    return offset > UINT64_MAX ? UINT64_MAX : (uint64_t)offset;
}
