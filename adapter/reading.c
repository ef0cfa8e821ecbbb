// SPDX-License-Identifier: MIT
#include "adapter/reading.h"

#include "adapter/source.h"
#include "base/buf.h"
#include "base/clock.h"
#include "kube/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (86400 * NS_PER_S)

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

/* "800 ms", "9.5 s", "60 s", "3 min", "5 h": two figures are enough to know how old a value is. */
static const char *roughly(uint64_t ns, char text[CLOCK_TEXT_MAX])
{
    uint64_t tenths = ns / (100 * NS_PER_MS), s = ns / NS_PER_S;

    if (ns < NS_PER_S)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " ms", ns / NS_PER_MS);
    else if (tenths < 100 && tenths % 10)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " s", s, tenths % 10);
    else if (s < 120)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " s", s);
    else if (s < 7200)
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " min", s / 60);
    else
        (void)snprintf(text, CLOCK_TEXT_MAX, "%" PRIu64 " h", s / 3600);
    return text;
}

/* "10:42:07", with the date once that is not clear. */
static const char *moment(uint64_t wall_ns, char text[CLOCK_TEXT_MAX])
{
    uint64_t now_ns = clock_wall_ns();

    clock_rfc3339(wall_ns, text); /* 2026-11-21T10:42:07Z */
    char *time = strchr(text, 'T');
    if (!time)
        return text;
    *strchrnul(text, 'Z') = '\0';
    *time = ' ';
    return now_ns >= wall_ns && now_ns - wall_ns < DAY_NS ? time + 1 : text;
}

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
                      roughly(reading_age_ns(r, now_ns), age), roughly(max_age_ns, limit));
}

static int put_next_try(const struct reading *r, uint64_t now_ns, struct buf *text)
{
    char wait[CLOCK_TEXT_MAX];

    if (r->next_poll_ns <= now_ns)
        return buf_puts(text, "; next try now");
    return buf_printf(text, "; next try in %s", roughly(r->next_poll_ns - now_ns, wait));
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
                          roughly(source->timeout_ns, since));

    if (r->failures)
        result =
            buf_printf(ret_text, "%s since %s", r->cause, moment(r->failing_since_wall_ns, since));
    else /* polls stopped: this process was starved or suspended */
        result = buf_printf(ret_text, "was not read since %s", moment(r->measured_wall_ns, since));
    if (result == 0)
        result = put_last_value(r, max_age_ns, now_ns, ret_text);
    return result == 0 ? put_next_try(r, now_ns, ret_text) : result;
}
