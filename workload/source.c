// SPDX-License-Identifier: MIT
#include "workload/source.h"

#include "base/err.h"

#include <errno.h>

#define KINDS 4

const char *const source_kind_names[KINDS + 1] = {"swell-queue", "redis-list", "redis-stream",
                                                  "kafka", NULL};

static const struct source_kind *const kinds[KINDS] = {
    [0] = &source_swell,
#ifdef SWELL_REDIS
    [1] = &source_redis_list,
    [2] = &source_redis_stream,
#endif
#ifdef SWELL_KAFKA
    [3] = &source_kafka,
#endif
};

int source_find(int number, const struct source_kind **ret, struct err *err)
{
    if (!kinds[number])
        return err_set(err, -ENOTSUP, "this program was built without the source '%s'",
                       source_kind_names[number]);
    *ret = kinds[number];
    return 0;
}
