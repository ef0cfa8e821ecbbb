// SPDX-License-Identifier: MIT
/* demand: how much CPU several requests ask for together: each a rate for a time.
 *
 * Times are passed in, so tests never sleep. Owner holds a lock. */
#ifndef WORKLOAD_DEMAND_H
#define WORKLOAD_DEMAND_H

#include <stddef.h>
#include <stdint.h>

#define DEMAND_MAX 1000               /* requests at a time */
#define DEMAND_MILLICORES_MAX 1000000 /* of one request */

struct demand { /* {0} is ready to use; the fields belong to demand.c */
    struct demand_entry {
        uint64_t from_ns, until_ns;
        uint32_t millicores;
    } entries[DEMAND_MAX];
    size_t count;
};

/* Asks for millicores from now on. until_ns may have passed: nothing is asked for then.
 * -ENOSPC beyond DEMAND_MAX. */
int demand_add(struct demand *d, uint64_t now_ns, uint64_t until_ns, uint32_t millicores);

/* The sum that is asked for at a moment. */
uint64_t demand_millicores(const struct demand *d, uint64_t now_ns);

/* CPU time that is asked for between two moments, at most a second apart: exact, also when requests
 * begin and end in between. */
uint64_t demand_cpu_ns(const struct demand *d, uint64_t from_ns, uint64_t to_ns);

/* Forgets requests that ended before that moment. */
void demand_forget(struct demand *d, uint64_t before_ns);

#endif
