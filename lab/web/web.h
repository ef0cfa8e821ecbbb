// SPDX-License-Identifier: MIT
/* web: the live page's files, as they were when the program was built.
 *
 * The table and the bytes are read-only and live as long as the program: nobody frees them, any
 * thread reads them. The bytes are exactly the files' own (no terminating NUL is counted in len).
 * embed.cmake makes the table; CMakeLists.txt in this folder says which files are in it. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stddef.h>

struct web_file {
    const char *path;         /* of the URL: "/", "/page.css", "/page.js", "/chart.js" */
    const char *content_type; /* "text/html; charset=utf-8" */
    const unsigned char *data;
    size_t len;
};

extern const struct web_file web_files[];
extern const size_t web_files_count;

#endif
