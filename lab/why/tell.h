// SPDX-License-Identifier: MIT
/* tell: a run or one step of it in words. One thread. */
#ifndef LAB_WHY_TELL_H
#define LAB_WHY_TELL_H

#include "lab/why/runs.h"

#include <stdio.h>

/* Every change, and between two changes what kept it where it is, once. */
void tell_run(const struct run *run, FILE *out);

/* All that led to one decision, in the order in which it was made. */
void tell_step(const struct run *run, const struct step *step, FILE *out);

/* "cpu, default/php-apache, step 7: 2026-01-01T00:01:45Z, 1 minute 45 seconds into the run" */
void tell_heading(const struct run *run, const struct step *step, FILE *out);

/* Time since the run's first step, "4:10". Returns text. */
#define OFFSET_MAX 32
const char *tell_offset(const struct run *run, const struct step *step, char text[OFFSET_MAX]);

/* "1 → 4", or "4" when it stays. Returns text. */
#define CHANGE_MAX 64
const char *tell_change(const json_t *record, char text[CHANGE_MAX]);

#endif
