// SPDX-License-Identifier: MIT
/* Jobs as bytes of somebody else: whatever they are, they cost something allowed. */
#include "workload/job_text.h"

#include "workload/burn.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_job job = {.cpu_ms = -1};

    job_text_read((const char *)data, size, 20, &job);
    if (!(job.cpu_ms >= 0 && job.cpu_ms <= BURN_CPU_MS_MAX) || strlen(job.id) > SOURCE_ID_MAX)
        abort();
    return 0;
}
