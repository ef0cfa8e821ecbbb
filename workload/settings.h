// SPDX-License-Identifier: MIT
/* settings: the file of what may change while serve runs (--config). One setting a line, named as
 * the flag: "cpu-ms=20". Blank lines and lines that begin with # are skipped, spaces around name
 * and value too. One thread. */
#ifndef WORKLOAD_SETTINGS_H
#define WORKLOAD_SETTINGS_H

#include <stddef.h>

struct err;

#define SETTINGS_MAX_BYTES ((size_t)64 * 1024)

struct settings {
    int log_level; /* enum log_level */
    double cpu_ms, error_rate;
};

/* Reads what the file says into *ret; what it does not mention keeps its value. -EINVAL with a
 * sentence that names the line for anything else than the above: an unknown name, a name given
 * twice, a wrong value, a NUL. *ret is untouched then. -ENOMEM. */
int settings_parse(const char *text, size_t len, struct settings *ret, struct err *err);

#endif
