// SPDX-License-Identifier: MIT
/* child: starts a process that dies with the lab, however the lab dies. Control thread only: the
 * kernel ties a child to the thread that made it. */
#ifndef LAB_CHILD_H
#define LAB_CHILD_H

#include <sys/types.h>

struct cpu_group;
struct err;

struct child_spec {
    const char *program;
    char *const *argv, *const *envp; /* NULL envp: the lab's own */
    const char *folder;              /* working directory; NULL: the lab's own */
    const char *log;         /* file that stdout and stderr are appended to; NULL: stderr stays */
    int stdout_fd;           /* instead of the log; -1: none */
    struct cpu_group *group; /* joined before exec; NULL: none */
};

/* Sets *ret_pidfd (readable when the process has ended; close it) and returns the pid, or a
 * negative errno: exec's own failure included. The child has the three standard descriptors and no
 * other; stdin is /dev/null. */
pid_t child_start(const struct child_spec *spec, int *ret_pidfd, struct err *err);

/* Reaps an ended child. Returns its exit code, or 128 + the signal's number, as a shell does. */
int child_reap(pid_t pid);

#endif
