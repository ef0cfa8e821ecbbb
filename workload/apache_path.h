// SPDX-License-Identifier: MIT
/* apache_path: which requests reach index.php in the hpa-example image. Any thread.
 *
 * Source: Apache 2.4 with its defaults (DirectoryIndex index.php, MergeSlashes, AcceptPathInfo for
 * PHP's handler): "/" and "/index.php", with what stands behind that as PATH_INFO; ".", ".." and
 * repeated slashes are resolved first. */
#ifndef WORKLOAD_APACHE_PATH_H
#define WORKLOAD_APACHE_PATH_H

#include <stdbool.h>

/* path is decoded and begins with '/'. */
bool apache_runs_index(const char *path);

#endif
