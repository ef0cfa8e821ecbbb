// SPDX-License-Identifier: MIT
/* askers: a few threads for sources that can only be asked by waiting.
 *
 * Threads are made as they are needed, up to ASKERS_MAX; what comes when all are busy waits for its
 * turn. So sources that hang delay others of that sort, but only when there are more than
 * ASKERS_MAX of them, and for no longer than their timeouts. */
#ifndef ADAPTER_ASKERS_H
#define ADAPTER_ASKERS_H

struct askers;

#define ASKERS_MAX 16

struct asker_job { /* the first member of a malloc()ed struct of the caller */
    struct asker_job *next;
    void (*run)(struct asker_job *job); /* in one of the threads; owns the job */
};

struct askers *askers_new(void); /* no thread yet; NULL when out of memory */

/* Waits for what is running, free()s the jobs that have not begun. NULL does nothing. */
void askers_free(struct askers *a);

/* Takes job. 0; -EAGAIN when there is no thread and none can be made: then job is still the
 * caller's. One thread. */
int askers_submit(struct askers *a, struct asker_job *job);

#endif
