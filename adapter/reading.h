// SPDX-License-Identifier: MIT
/* reading: what is known by polling a source: its last good samples, when they were measured, and
 * since when and why it fails. Time is passed in: *_ns is CLOCK_MONOTONIC, *_wall_ns since 1970.
 *
 *     waiting   no poll has ended yet                                an error
 *     fresh     the last poll gave the value                         served
 *     held      the source fails, the value is not older than maxAge served, with its own time
 *     expired   there is no value, or it is older than maxAge        an error
 *
 * The HPA never looks at a value's age and scales down on a false zero, but freezes on an error;
 * so an old value is an error and never a number. Age counts from the start of the poll that gave
 * the value, the latest moment for which it can vouch.
 *
 * Immutable once made and counted: any thread. */
#ifndef ADAPTER_READING_H
#define ADAPTER_READING_H

#include "adapter/sample.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct source;

#define READING_CAUSE_MAX_BYTES 256 /* with its NUL; the rest is left out */

struct reading {
    atomic_uint refs;
    struct samples *samples; /* the last good ones; NULL: there were none yet */
    uint64_t measured_ns, measured_wall_ns;
    unsigned failures; /* polls in a row; 0: the last one was good */
    uint64_t failing_since_wall_ns;
    uint64_t next_poll_ns;
    char cause[]; /* of the last failure; follows the source's name */
};

enum reading_state { READING_WAITING, READING_FRESH, READING_HELD, READING_EXPIRED };
#define READING_STATES 4
extern const char *const reading_state_names[READING_STATES];

/* New readings with one reference, or NULL when out of memory. samples is borrowed (the reading
 * takes a reference). A failure keeps the samples and the beginning of its row of failures from
 * previous (borrowed; NULL: there was none). */
struct reading *reading_new(struct samples *samples, uint64_t measured_ns,
                            uint64_t measured_wall_ns, uint64_t next_poll_ns);
struct reading *reading_new_failure(const struct reading *previous, const char *cause,
                                    uint64_t now_wall_ns, uint64_t next_poll_ns);

struct reading *reading_ref(struct reading *r);
void reading_unref(struct reading *r); /* NULL does nothing */

/* r may be NULL: nothing was read yet. */
enum reading_state reading_state(const struct reading *r, uint64_t max_age_ns, uint64_t now_ns);

uint64_t reading_age_ns(const struct reading *r, uint64_t now_ns); /* of samples that are there */

/* When a sample of r was measured. */
uint64_t reading_measured_wall_ns(const struct reading *r, const struct sample *s);

/* Appends why there is no value, for people who read an HPA's condition: metric (a text such as
 * queue_depth{queue="orders"}), source, cause, since when (UTC), the last good value with its age
 * and limit, and the next try. No secrets. 0, -E2BIG or -ENOMEM. */
int reading_explain(const struct reading *r, const char *metric, const struct source *source,
                    uint64_t max_age_ns, uint64_t now_ns, struct buf *ret_text);

#endif
