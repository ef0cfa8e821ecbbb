// SPDX-License-Identifier: MIT
/* loads: the scene's load generators: swell-load as a child process, its progress lines as a
 * LoadReport object in the store. Control thread. */
#ifndef LAB_LOADS_H
#define LAB_LOADS_H

#include <stdbool.h>
#include <stddef.h>

struct env;
struct err;
struct loads;

struct loads *loads_new(struct env *env); /* NULL when out of memory */

/* Kills what still runs. */
void loads_free(struct loads *l);

/* Starts `swell-load argv...` under a name, as which its LoadReport appears; one that runs under
 * that name is ended first. argv ends with NULL and begins with the command ("run"). */
int loads_start(struct loads *l, const char *name, const char *const *argv, struct err *err);

/* SIGTERM: swell-load prints its result and ends. NULL: all. */
void loads_stop(struct loads *l, const char *name);

bool loads_running(const struct loads *l); /* any of them */

#endif
