// SPDX-License-Identifier: MIT
/* cgroup_parents: where control groups may be made, read from the kernel's texts
 * (proc_pid_mountinfo(5), cgroups(7)). No I/O. Any thread. */
#ifndef LAB_CGROUP_PARENTS_H
#define LAB_CGROUP_PARENTS_H

#define CGROUP_PARENTS 2

/* The directories in which groups may be made, from the texts of /proc/self/mountinfo and
 * /proc/self/cgroup: the process's own group, then the root of the mount if that is another.
 * controller NULL asks for version 2. Returns how many there are: 0..2, each a new string and
 * the rest NULL; or -ENOMEM with ret untouched. */
int cgroup_parents(const char *mountinfo, const char *self_cgroup, const char *controller,
                   char *ret[CGROUP_PARENTS]);

#endif
