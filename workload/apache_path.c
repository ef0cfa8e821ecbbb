// SPDX-License-Identifier: MIT
#include "workload/apache_path.h"

#include <stddef.h>
#include <string.h>

static const char script[] = "index.php";

static bool is(const char *segment, size_t len, const char *text)
{
    return len == strlen(text) && strncmp(segment, text, len) == 0;
}

/* Only the first segment of the resolved path matters, and how many there are. */
bool apache_runs_index(const char *path)
{
    bool first_is_script = false;
    size_t depth = 0;

    while (*path) {
        path += strspn(path, "/");
        size_t len = strcspn(path, "/");
        if (is(path, len, "..")) {
            if (depth == 0)
                return false; /* Apache answers 400 */
            depth--;
        } else if (len && !is(path, len, ".")) {
            if (depth++ == 0)
                first_is_script = is(path, len, script);
        }
        path += len;
    }
    return depth == 0 || first_is_script;
}
