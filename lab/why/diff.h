// SPDX-License-Identifier: MIT
/* diff: two runs of the same input, and where they part. Steps with the same number are compared;
 * the members of a record stand in the order in which the decision was made, so the first one that
 * differs is the cause of those behind it. One thread. */
#ifndef LAB_WHY_DIFF_H
#define LAB_WHY_DIFF_H

#include "lab/why/runs.h"

#include <stdio.h>

/* The names are what the two are called, their files. */
void diff_runs(const struct run *a, const char *a_name, const struct run *b, const char *b_name,
               FILE *out);

#endif
