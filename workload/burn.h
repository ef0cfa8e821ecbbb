// SPDX-License-Identifier: MIT
/* burn: uses up CPU, by the calling thread's own CPU clock or by php-apache's exact loop.
 *
 * CPU time and not wall time is the unit: under a CPU limit or beside other load a burn takes
 * longer and costs the same. With a limit set, the governor is asked between the pieces. Any
 * thread.
 */
#ifndef WORKLOAD_BURN_H
#define WORKLOAD_BURN_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* The most that one request or job may ask for. */
#define BURN_CPU_MS_MAX 60000.0

/* Asked between the pieces of a burn, at least once in a millisecond of CPU: true ends it. */
typedef bool burn_give_up_fn(void *arg);

/* Computes until the thread has used cpu_ns more than at the call. Within 2 % from 1 ms upwards.
 * give_up may be NULL. Returns the CPU time used, which is less than cpu_ns only after give_up. */
uint64_t burn_cpu(uint64_t cpu_ns, burn_give_up_fn *give_up, void *arg);

/* What index.php of registry.k8s.io/hpa-example computes, that many times: x = 0.0001, then
 * 1,000,001 times x += sqrt(x). True when all of it was done, false after give_up (may be NULL).
 * *ret_used_ns is the CPU time used. */
bool burn_php_apache(uint64_t times, burn_give_up_fn *give_up, void *arg, uint64_t *ret_used_ns);

/* Where x ends in IEEE double arithmetic, in PHP as in C. */
#define BURN_PHP_APACHE_RESULT 249996287100.73859

/* Runs the loop once. -ERANGE when this build computes something else than PHP does. */
int burn_php_apache_self_test(struct err *err);

#endif
