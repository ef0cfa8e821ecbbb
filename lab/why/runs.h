// SPDX-License-Identifier: MIT
/* runs: decision records from a file, as runs of steps.
 *
 * Read are, also one behind the other: a report of `swell-lab demo --report` (a run per scene and
 * autoscaler), the lines of `swell-lab evaluate --record` (a run per scenario), ScalingDecision
 * objects and lists of them, and bare records (docs/decision-record.md). One thread. */
#ifndef LAB_WHY_RUNS_H
#define LAB_WHY_RUNS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct step {
    int64_t number;       /* of the scenario's step; else counted from 0 */
    uint64_t time_ns;     /* since 1970 */
    const json_t *record; /* belongs to the runs */
};

struct run {
    char *scene; /* scene or scenario; "" for decisions by themselves */
    char *title; /* "cpu, default/php-apache" */
    struct step *steps;
    size_t count, size;
};

struct runs {
    json_t *documents;
    json_t *by_title; /* index into all */
    struct run *all;
    size_t count, size;
};

#define RUNS_INPUT_MAX ((size_t)512 * 1024 * 1024)

/* path "-" is standard input. 0; -EINVAL for what is no decision, with the line in err; a negative
 * errno when it cannot be read. ret needs runs_done only after 0. */
int runs_read(const char *path, struct runs *ret, struct err *err);

/* The same from memory; text ends with a NUL behind len bytes, path is for messages. */
int runs_parse(const char *path, const char *text, size_t len, struct runs *ret, struct err *err);
void runs_done(struct runs *r);

/* NULL when there is none. */
const struct run *runs_find(const struct runs *r, const char *title);

#endif
