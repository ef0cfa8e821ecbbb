// SPDX-License-Identifier: MIT
/* table: a run or one step of it in figures, in columns. One thread. */
#ifndef LAB_WHY_TABLE_H
#define LAB_WHY_TABLE_H

#include "lab/why/runs.h"

#include <stdio.h>

void table_run(const struct run *run, FILE *out);
void table_step(const struct run *run, const struct step *step, FILE *out);

#endif
