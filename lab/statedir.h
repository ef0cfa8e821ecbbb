// SPDX-License-Identifier: MIT
/* statedir: the lab's folder for logs, volumes and the hosts file. Gone with the lab; what a killed
 * lab left behind is removed by the next one. Control thread. */
#ifndef LAB_STATEDIR_H
#define LAB_STATEDIR_H

#include <stddef.h>

struct err;

/* Makes $TMPDIR/swell-lab-PID-XXXXXX (mode 0700) and removes those of processes that are gone. On
 * failure path is "". */
int statedir_make(char *path, size_t size, struct err *err);
void statedir_remove(const char *path); /* "": nothing */

#endif
