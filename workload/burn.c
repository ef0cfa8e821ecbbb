// SPDX-License-Identifier: MIT
#include "workload/burn.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/governor.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#define CHUNK_MAX_NS NS_PER_MS       /* how often give_up is asked */
#define CHUNK_MIN_NS (2 * NS_PER_US) /* about what reading the clock costs a few times */
#define FIRST_STEPS 100              /* under a microsecond anywhere */
#define PHP_STEPS 1000001            /* the original counts from 0 up to and with a million */
#define PHP_PIECE_STEPS 100000       /* half a millisecond: how often the governor is asked */

/* Independent of memory and of what the compiler knows: each step needs the one before. Not
 * inlined: no register for doubles survives a call (System V ABI for x86-64, section 3.2.1), so
 * beside the callers' calls x would be stored and loaded in every step, which takes a third longer.
 */
__attribute__((noinline)) static double spin(double x, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        x += sqrt(x);
    return x;
}

/* Steps that take about half of what is left, at the speed of the last chunk. Half, so that a CPU
 * that turns slower by up to two times in the middle of a chunk does not make it end too late. */
static uint64_t next_steps(uint64_t steps, uint64_t took_ns, uint64_t left_ns)
{
    uint64_t want_ns = left_ns / 2;

    if (want_ns > CHUNK_MAX_NS)
        want_ns = CHUNK_MAX_NS;
    if (want_ns < CHUNK_MIN_NS)
        want_ns = CHUNK_MIN_NS;
    if (took_ns == 0) /* the clock is coarser than the chunk */
        return steps * 2;

    double scaled = (double)steps * (double)want_ns / (double)took_ns;
    double at_most = (double)steps * 16; /* one odd reading must not make an endless chunk */
    return 1 + (uint64_t)(scaled < at_most ? scaled : at_most);
}

uint64_t burn_cpu(uint64_t cpu_ns, burn_give_up_fn *give_up, void *arg)
{
    const uint64_t start_ns = clock_thread_cpu_ns();
    uint64_t used_ns = 0, steps = FIRST_STEPS;
    volatile double x = 1; /* the result is used, so the work is done */

    while (used_ns < cpu_ns && !(give_up && give_up(arg))) {
        if (!governor_admit())
            continue;
        x = spin(x, steps);
        if (x > 1e300)
            x = 1;
        uint64_t now_ns = clock_thread_cpu_ns() - start_ns;
        steps = next_steps(steps, now_ns - used_ns, cpu_ns > now_ns ? cpu_ns - now_ns : 0);
        used_ns = now_ns;
    }
    return used_ns;
}

/* One run of index.php. NAN after give_up, which no finished run ends in. */
__attribute__((noinline)) static double php_apache_loop(burn_give_up_fn *give_up, void *arg)
{
    volatile double start = 0.0001; /* or the loop is computed once, by whoever is clever enough */
    double x = start;

    for (uint64_t left = PHP_STEPS, steps; left; left -= steps) {
        steps = left < PHP_PIECE_STEPS ? left : PHP_PIECE_STEPS;
        do {
            if (give_up && give_up(arg))
                return NAN;
        } while (!governor_admit());
        x = spin(x, steps);
    }
    return x;
}

bool burn_php_apache(uint64_t times, burn_give_up_fn *give_up, void *arg, uint64_t *ret_used_ns)
{
    const uint64_t start_ns = clock_thread_cpu_ns();
    bool going = true;

    while (times-- && going) {
        double x = php_apache_loop(give_up, arg);
        going = !isnan(x);
        assert(!going || x == BURN_PHP_APACHE_RESULT); /* the self-test at start has shown it */
    }
    *ret_used_ns = clock_thread_cpu_ns() - start_ns;
    return going;
}

int burn_php_apache_self_test(struct err *err)
{
    double x = php_apache_loop(NULL, NULL);

    if (x == BURN_PHP_APACHE_RESULT)
        return 0;
    return err_set(
        err, -ERANGE,
        "the php-apache loop ended in %.17g instead of %.17g: this build's arithmetic is "
        "not the original's",
        x, BURN_PHP_APACHE_RESULT);
}
