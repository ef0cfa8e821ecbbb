// SPDX-License-Identifier: MIT
/* probe: one HTTP probe of one container, as the kubelet runs it: delay, period, timeout,
 * thresholds. Periods are control time; the timeout is real, since the work is. Control thread. */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include "lab/loop.h"

#include <jansson.h>
#include <stdbool.h>

struct env;

struct probe { /* {0} is a probe that is off; the fields belong to probe.c */
    const struct env *env;
    char url[512];
    uint64_t period_ns, timeout_ns; /* real */
    unsigned failure_threshold, success_threshold;
    unsigned failures, successes; /* in a row */
    bool hasty;                   /* until the first success: see probe.c */
    struct loop_timer timer;
    int64_t fetch;
    void (*changed)(void *arg, bool ok, const char *why);
    void *arg;
};

/* Starts probing as spec says (a Probe object; httpGet only). container is for named ports.
 * changed(ok, why) is called when a threshold is reached, each time anew; why is one sentence. */
void probe_start(struct probe *p, const struct env *env, const json_t *spec,
                 const json_t *container, const char *pod_ip, bool hasty,
                 void (*changed)(void *arg, bool ok, const char *why), void *arg);

void probe_stop(struct probe *p);

/* The number of a port given as number or by the name it has in the container; 0 when unknown. */
unsigned probe_port(const json_t *port, const json_t *container);

#endif
