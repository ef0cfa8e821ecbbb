// SPDX-License-Identifier: MIT
/* circuit: whether somebody who may not answer is asked again.
 *
 * CIRCUIT_FAILURES_MAX failures in a row open it: nobody is asked then, until a wait is over and
 * one question is let through. When that fails too the wait doubles, from CIRCUIT_WAIT_MIN_NS to
 * CIRCUIT_WAIT_MAX_NS; when it is answered all is as it was. So a server that hangs costs its
 * timeout to a few who ask, and not to everybody, always.
 *
 * Time is passed in. The caller keeps threads out of each other's way. */
#ifndef ADAPTER_FORWARD_CIRCUIT_H
#define ADAPTER_FORWARD_CIRCUIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define CIRCUIT_FAILURES_MAX 3
#define CIRCUIT_WAIT_MIN_NS UINT64_C(1000000000)
#define CIRCUIT_WAIT_MAX_NS UINT64_C(30000000000)

struct buf;

struct circuit { /* {0} is closed, and nothing ever failed; the fields belong to circuit.c */
    unsigned failures;
    uint64_t since_wall_ns; /* the first of them */
    uint64_t wait_ns;       /* 0: closed */
    uint64_t next_ns;       /* when one question is let through */
    bool probing;           /* it is under way */
    struct err cause;       /* of the last failure */
};

enum circuit_leave {
    CIRCUIT_NO,
    CIRCUIT_YES,
    CIRCUIT_PROBE, /* yes, and nobody else may before it has ended */
};

/* May somebody be asked now? What was let through ends with one of the three below. */
enum circuit_leave circuit_enter(struct circuit *c, uint64_t now_ns);

void circuit_answered(struct circuit *c);
void circuit_failed(struct circuit *c, enum circuit_leave leave, const struct err *cause,
                    uint64_t now_ns, uint64_t now_wall_ns);
void circuit_dropped(struct circuit *c, enum circuit_leave leave); /* nobody was asked after all */

bool circuit_is_open(const struct circuit *c);

/* Appends "answers 502 since 10:42:07", and while it is open when the next try is. After a failure.
 * 0, -E2BIG or -ENOMEM. */
int circuit_explain(const struct circuit *c, uint64_t now_ns, struct buf *ret_text);

#endif
