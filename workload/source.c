// SPDX-License-Identifier: MIT
#include "workload/source.h"

#include "base/err.h"

#include <errno.h>

enum { SWELL, REDIS_LIST, REDIS_STREAM, KAFKA, KINDS };

const char *const source_kind_names[KINDS + 1] = {[SWELL] = "swell-queue",
                                                  [REDIS_LIST] = "redis-list",
                                                  [REDIS_STREAM] = "redis-stream",
                                                  [KAFKA] = "kafka"};

static const struct source_kind *const kinds[KINDS] = {
    [SWELL] = &source_swell,
#ifdef SWELL_REDIS
    [REDIS_LIST] = &source_redis_list,
    [REDIS_STREAM] = &source_redis_stream,
#endif
#ifdef SWELL_KAFKA
    [KAFKA] = &source_kafka,
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
