// SPDX-License-Identifier: MIT
#include "adapter/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (86400 * NS_PER_S)

const char *words_roughly(uint64_t ns, char text[CLOCK_TEXT_MAX])
{
    uint64_t tenths = ns / (100 * NS_PER_MS), s = ns / NS_PER_S;

    if (ns < NS_PER_S)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " ms", ns / NS_PER_MS);
    else if (tenths < 100 && tenths % 10)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " s", s, tenths % 10);
    else if (s < 120)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " s", s);
    else if (s < 7200)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " min", s / 60);
    else
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " h", s / 3600);
    return text;
}

const char *words_moment(uint64_t wall_ns, char text[CLOCK_TEXT_MAX])
{
    uint64_t now_ns = clock_wall_ns();

    clock_rfc3339(wall_ns, text); /* 2026-11-21T10:42:07Z */
    char *time = strchr(text, 'T');
    if (!time)
        return text;
    *strchrnul(text, 'Z') = '\0';
    *time = ' ';
    return now_ns >= wall_ns && now_ns - wall_ns < DAY_NS ? time + 1 : text;
}
