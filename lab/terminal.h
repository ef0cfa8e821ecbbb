// SPDX-License-Identifier: MIT
/* terminal: the lab as a table, a line a change, like `kubectl get hpa -w`, with the scene's words
 * in between. On stdout. Control thread. */
#ifndef LAB_TERMINAL_H
#define LAB_TERMINAL_H

#include <jansson.h>
#include <stdio.h>

#define TERMINAL_TARGETS_MAX 16 /* shown; the page has them all */

struct terminal { /* {.out = stdout} is ready to use */
    FILE *out;
    char last_rows[TERMINAL_TARGETS_MAX][256], last_say[512];
    unsigned rows;
};

/* Prints what changed since the last point. */
void terminal_point(struct terminal *t, const json_t *point);

#endif
