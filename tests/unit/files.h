// SPDX-License-Identifier: MIT
/* files: what a test writes for the code to read. */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include "unit.h"

#include <stdio.h>

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file_in(const char *folder, const char *name, const char *text)
{
    char path[200];

    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path));
    write_file(path, text);
}

#endif
