// SPDX-License-Identifier: MIT
/* Prometheus' answer with a list of series. */
#include "adapter/rules/series.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(buf_done) struct buf body = {.max = 1 * MIB};
    struct samples *samples = samples_new();
    struct err err = {0};

    if (samples && buf_append(&body, data, size) == 0 && series_read(&body, samples, &err) == 0)
        for (size_t i = 0; i < samples_count(samples); i++)
            if (!sample_label(samples_at(samples, i), SERIES_NAME))
                abort();
    samples_unref(samples);
    return 0;
}
