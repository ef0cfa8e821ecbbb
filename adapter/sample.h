// SPDX-License-Identifier: MIT
/* sample: what one poll of a source said: numbers, each with labels.
 *
 * Labels are plain texts and no json_t, because samples cross threads. A list is built by one
 * thread; once it is published nobody changes it, and it is counted: any thread. */
#ifndef ADAPTER_SAMPLE_H
#define ADAPTER_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define SAMPLES_MAX 10000                           /* in one list */
#define SAMPLES_BYTES_MAX ((size_t)8 * 1024 * 1024) /* of one list, with its labels */

struct label {
    const char *name, *value;
};

struct sample {
    const struct label *labels; /* label_count of them, in the source's order */
    size_t label_count;
    int64_t value_milli;
    uint64_t measured_wall_ns; /* 0: when the poll began */
    /* NULL: value_milli is a value. Else it is none and this says why, after "is": "not a number
     * (NaN)". A literal. */
    const char *fault;
};

struct samples;

struct samples *samples_new(void); /* empty, one reference; NULL when out of memory */
struct samples *samples_ref(struct samples *s);
void samples_unref(struct samples *s); /* NULL does nothing */

/* Appends a copy. 0; -E2BIG when there are too many; -ENOMEM. */
int samples_add(struct samples *s, const struct sample *sample);

/* Appends a value without labels, measured when the poll began. */
int samples_add_value(struct samples *s, int64_t value_milli);

size_t samples_count(const struct samples *s); /* 0 for NULL */
const struct sample *samples_at(const struct samples *s, size_t i);

bool sample_same_labels(const struct sample *a, const struct sample *b); /* in the same order */

const char *sample_label(const struct sample *s, const char *name); /* NULL when it has none */

/* Fills in value_milli and fault from a floating-point number, rounding up to a thousandth as
 * Kubernetes does: NaN, infinities, and what has no room are faults. A negative number is one too:
 * it would drive an HPA to its minimum. */
void sample_set_number(struct sample *s, double number);

/* What many samples become. */
enum combine {
    COMBINE_ONE, /* there must be exactly one */
    COMBINE_EACH,
    COMBINE_SUM,
    COMBINE_AVERAGE,
    COMBINE_MAX,
    COMBINE_MIN,
    COMBINE_ALL, /* each, and none is an answer too; not for configurations */
};
extern const char *const combine_names[]; /* of those in configurations; ends with NULL */

struct combining { /* {0} is the default: exactly one */
    enum combine how;
    bool empty_is_value; /* no samples mean on_empty_milli; else they are an error */
    int64_t on_empty_milli;
};

/* A reference in *ret: what was asked for. All but COMBINE_EACH and COMBINE_ALL give one sample
 * without labels, whose time is that of the oldest, and refuse faults. -ENOMSG with a reason that
 * follows the source's name, or -ENOMEM. */
int samples_combine(struct samples *s, const struct combining *c, struct samples **ret,
                    struct err *err);

#endif
