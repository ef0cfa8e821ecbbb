// SPDX-License-Identifier: MIT
/* Files of the time zone database, and cron's schedules in front of them. */
#include "adapter/sources/cron_schedule.h"
#include "adapter/sources/posix_tz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct timezone_rules *zone, const char *text)
{
    struct cron_schedule c;
    int64_t next_s;

    for (int64_t at_s = -2000000000; at_s < INT64_C(5000000000); at_s += 500000000)
        (void)timezone_offset_s(zone, at_s);
    if (cron_schedule_parse(text, &c, NULL) == 0 &&
        cron_schedule_next(&c, zone, 1700000000, &next_s) == 0 && next_s <= 1700000000)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct timezone_rules *zone = NULL;
    struct posix_tz rules;
    char text[64] = "";

    memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
    if (posix_tz_parse(text, &rules) == 0)
        (void)posix_tz_offset_s(&rules, 1700000000);
    if (timezone_parse(data, size, &zone) == 0)
        use(zone, "30 2 29 2 1");
    timezone_free(zone);
    if (timezone_new("UTC", &zone, NULL) == 0)
        use(zone, text);
    timezone_free(zone);
    return 0;
}
