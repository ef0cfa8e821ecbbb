// SPDX-License-Identifier: MIT
/* env: what the lab's controllers share. All of it belongs to the control thread, but for the store
 * and the clock. Set up once by lab.c; the pointers are borrowed. */
#ifndef LAB_ENV_H
#define LAB_ENV_H

#include "lab/labclock.h"

struct block;
struct cpu_control;
struct images;
struct loop;
struct proxies;
struct store;

struct env {
    struct labclock clock;
    struct store *store;
    struct loop *loop;
    struct cpu_control *cpu;
    struct proxies *proxies;
    struct block *block;
    const struct images *images;
    char state_dir[256];        /* logs, volumes, the hosts file; removed at the end */
    char hosts_path[300];       /* what SWELL_HOSTS names for pods and load */
    void (*changed)(void *arg); /* something that controllers look at changed: they run soon */
    void *changed_arg;
};

#endif
