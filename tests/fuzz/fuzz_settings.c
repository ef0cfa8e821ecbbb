// SPDX-License-Identifier: MIT
/* The file of settings that may change while serve runs. */
#include "base/err.h"
#include "base/log.h"
#include "workload/burn.h"
#include "workload/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = {LOG_INFO, 10, 0};
    struct err err = {0};

    if (settings_parse((const char *)data, size, &settings, &err) < 0) {
        if (!*err.text || settings.cpu_ms != 10) /* refused as a whole, with a reason */
            abort();
        return 0;
    }
    if (!(settings.cpu_ms >= 0 && settings.cpu_ms <= BURN_CPU_MS_MAX) ||
        !(settings.error_rate >= 0 && settings.error_rate <= 1) || settings.log_level < LOG_ERROR ||
        settings.log_level > LOG_DEBUG)
        abort();
    return 0;
}
