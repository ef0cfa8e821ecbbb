// SPDX-License-Identifier: MIT
#include "adapter/reading.h"

#include "adapter/source.h"
#include "adapter/words.h"
#include "base/buf.h"
#include "base/clock.h"
#include "kube/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const reading_state_names[READING_STATES] = {"waiting", "fresh", "held", "expired"};

static struct reading *make(const char *cause)
{
    size_t len = strnlen(cause, READING_CAUSE_MAX_BYTES - 1);
    struct reading *r = calloc(1, sizeof(*r) + len + 1);

    if (!r)
        return NULL;
    atomic_init(&r->refs, 1);
    memcpy(r->cause, cause, len);
    return r;
}

struct reading *reading_new(struct samples *samples, uint64_t measured_ns,
                            uint64_t measured_wall_ns, uint64_t next_poll_ns)
{
    struct reading *r = make("");

    if (!r)
        return NULL;
    r->samples = samples_ref(samples);
    r->measured_ns = measured_ns;
    r->measured_wall_ns = measured_wall_ns;
    r->next_poll_ns = next_poll_ns;
    return r;
}

struct reading *reading_new_failure(const struct reading *previous, const char *cause,
                                    uint64_t now_wall_ns, uint64_t next_poll_ns)
{
    struct reading *r = make(cause);

    if (!r)
        return NULL;
    r->failing_since_wall_ns = now_wall_ns;
    if (previous) {
        r->samples = samples_ref(previous->samples);
        r->measured_ns = previous->measured_ns;
        r->measured_wall_ns = previous->measured_wall_ns;
        r->failures = previous->failures;
        if (previous->failures)
            r->failing_since_wall_ns = previous->failing_since_wall_ns;
    }
    r->failures++;
    r->next_poll_ns = next_poll_ns;
    return r;
}

struct reading *reading_ref(struct reading *r)
{
    if (r)
        (void)atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void reading_unref(struct reading *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    samples_unref(r->samples);
    free(r);
}

uint64_t reading_age_ns(const struct reading *r, uint64_t now_ns)
{
    return now_ns > r->measured_ns ? now_ns - r->measured_ns : 0;
}

uint64_t reading_measured_wall_ns(const struct reading *r, const struct sample *s)
{
    return s->measured_wall_ns ? s->measured_wall_ns : r->measured_wall_ns;
}

enum reading_state reading_state(const struct reading *r, uint64_t max_age_ns, uint64_t now_ns)
{
    if (!r)
        return READING_WAITING;
    if (!r->samples || reading_age_ns(r, now_ns) > max_age_ns)
        return READING_EXPIRED;
    return r->failures ? READING_HELD : READING_FRESH;
}

/* ---- the sentence ---- */

static int put_last_value(const struct reading *r, uint64_t max_age_ns, uint64_t now_ns,
                          struct buf *text)
{
    char value[QUANTITY_TEXT_MAX + 16], age[CLOCK_TEXT_MAX], limit[CLOCK_TEXT_MAX];

    if (!r->samples)
        return buf_puts(text, " (no value yet)");
    if (samples_count(r->samples) == 1)
        quantity_format(samples_at(r->samples, 0)->value_milli, value);
    else
        (void)snprintf(value, sizeof(value), "of %zu series", samples_count(r->samples));
    return buf_printf(text, " (last value %s, %s old, limit %s)", value,
                      words_roughly(reading_age_ns(r, now_ns), age),
                      words_roughly(max_age_ns, limit));
}

static int put_next_try(const struct reading *r, uint64_t now_ns, struct buf *text)
{
    char wait[CLOCK_TEXT_MAX];

    if (r->next_poll_ns <= now_ns)
        return buf_puts(text, "; next try now");
    return buf_printf(text, "; next try in %s", words_roughly(r->next_poll_ns - now_ns, wait));
}

int reading_explain(const struct reading *r, const char *metric, const struct source *source,
                    uint64_t max_age_ns, uint64_t now_ns, struct buf *ret_text)
{
    char since[CLOCK_TEXT_MAX];
    int result = buf_printf(ret_text, "%s: %s ", metric, source->shown_as);

    if (result < 0)
        return result;
    if (!r)
        return buf_printf(ret_text, "is asked for the first time; its answer may take %s",
                          words_roughly(source->timeout_ns, since));

    if (r->failures)
        result = buf_printf(ret_text, "%s since %s", r->cause,
                            words_moment(r->failing_since_wall_ns, since));
    else /* polls stopped: this process was starved or suspended */
        result =
            buf_printf(ret_text, "was not read since %s", words_moment(r->measured_wall_ns, since));
    if (result == 0)
        result = put_last_value(r, max_age_ns, now_ns, ret_text);
    return result == 0 ? put_next_try(r, now_ns, ret_text) : result;
}
