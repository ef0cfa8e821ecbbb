// SPDX-License-Identifier: MIT
/* history: short runs to tell, written with ' for ". */
#ifndef HISTORY_H
#define HISTORY_H

#include "unit.h"

#include "base/err.h"
#include "lab/why/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record at second s; rest are further members, with a comma in front, or "". */
#define RECORD(s, current, result, rule, rest)                                                     \
    "{'version':1,'time':'2026-01-01T00:00:" s "Z','hpa':{'namespace':'shop','name':'web'},"       \
    "'current':" current rest ",'result':" result ",'rule':'" rule "','sentence':'so','why':''}"

static inline int history_parse(const char *text, struct runs *ret, struct err *err)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    int r = runs_parse("f", copy, strlen(copy), ret, err);
    free(copy);
    return r;
}

static inline void history_read(const char *text, struct runs *ret)
{
    struct err err = {0};

    if (history_parse(text, ret, &err) < 0)
        fail_msg("%s", err.text);
}

struct told { /* what was printed */
    char *text;
    size_t len;
    FILE *out;
};

static inline FILE *told_begin(struct told *t)
{
    *t = (struct told){0};
    t->out = open_memstream(&t->text, &t->len);
    assert_non_null(t->out);
    return t->out;
}

static inline void told_end(struct told *t, const char *expected)
{
    assert_int_equal(fclose(t->out), 0);
    assert_string_equal(t->text, expected);
    free(t->text);
}

#endif
