// SPDX-License-Identifier: MIT
#include "base/uuid.h"

#include <stdio.h>
#include <sys/random.h>

char *uuid_make(char text[UUID_TEXT_MAX])
{
    unsigned char b[16] = {0};

    /* So few bytes are never cut short, and fail only before the kernel's generator is ready. */
    (void)!getrandom(b, sizeof(b), 0);
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    (void)snprintf(text, UUID_TEXT_MAX,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
    return text;
}
