// SPDX-License-Identifier: MIT
/* source_fixture: sources made from YAML, asked and answered without a network. */
#ifndef UNIT_ADAPTER_SOURCE_FIXTURE_H
#define UNIT_ADAPTER_SOURCE_FIXTURE_H

#include "unit.h"

#include "adapter/source.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* A new source from "{http: {…}}"; NULL with the refusal in err, whose file is s.yaml. */
static inline struct source *read_source(const char *yaml, struct err *err)
{
    struct yaml_file *file = NULL;
    struct source *source = NULL;

    assert_int_equal(yaml_parse("s.yaml", yaml, strlen(yaml), &file, err), 0);
    const struct strict s = {.file = file, .err = err};
    if (source_read_config(&s, yaml_document(file, 0), "source", &source) < 0)
        assert_null(source);
    yaml_file_free(file);
    return source;
}

static inline struct source *make_source(const char *yaml)
{
    struct err err = {0};
    struct source *source = read_source(yaml, &err);

    if (!source)
        fail_msg("%s", err.text);
    return source;
}

static inline void refuses_source(const char *yaml, const char *sentence)
{
    struct err err = {0};

    assert_null(read_source(yaml, &err));
    assert_string_equal(err.text, sentence);
}

/* Lets the source read an answer. *ret_samples is new, also after a failure. */
static inline int read_answer(const struct source *s, struct source_poll *p, int status,
                              const char *text, size_t len, struct samples **ret_samples,
                              struct err *err)
{
    struct buf body = {.max = SOURCE_BODY_MAX};

    assert_int_equal(buf_append(&body, text, len), 0);
    *ret_samples = samples_new();
    int r = s->kind->read_answer(s, p, status, &body, *ret_samples, err);
    buf_done(&body);
    return r;
}

/* The one value in an answer; an error is that of the source, or that there is not one value. */
static inline int value_in(const struct source *s, int status, const char *text, int64_t *ret_milli,
                           struct err *err)
{
    struct source_poll poll = {.memory =
                                   s->kind->memory_size ? calloc(1, s->kind->memory_size) : NULL};
    struct samples *samples = NULL, *one = NULL;

    int r = read_answer(s, &poll, status, text, strlen(text), &samples, err);
    if (r == 0)
        r = samples_combine(samples, &(struct combining){0}, &one, err);
    if (r == 0)
        *ret_milli = samples_at(one, 0)->value_milli;
    samples_unref(samples);
    samples_unref(one);
    if (s->kind->memory_done)
        s->kind->memory_done(poll.memory);
    free(poll.memory);
    return r;
}

static inline void has_value(const struct source *s, const char *text, int64_t milli)
{
    struct err err = {0};
    int64_t got = -1;

    if (value_in(s, 200, text, &got, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    if (got != milli)
        fail_msg("%s: %lld, not %lld", text, (long long)got, (long long)milli);
}

static inline void has_no_value(const struct source *s, int status, const char *text, int code,
                                const char *sentence)
{
    struct err err = {0};
    int64_t got = -7;

    if (value_in(s, status, text, &got, &err) != code || strcmp(err.text, sentence) != 0)
        fail_msg("%s: '%s', not '%s'", text, err.text, sentence);
    assert_int_equal(got, -7);
}

#endif
