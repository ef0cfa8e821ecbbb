// SPDX-License-Identifier: MIT
#include "adapter/sample.h"

#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *const combine_names[] = {"one", "each", "sum", "average", "max", "min", NULL};

struct samples {
    atomic_uint refs;
    struct sample **items; /* each in one block with its labels and texts */
    size_t count, room;
    size_t bytes;
};

struct samples *samples_new(void)
{
    struct samples *s = calloc(1, sizeof(*s));

    if (s)
        atomic_init(&s->refs, 1);
    return s;
}

struct samples *samples_ref(struct samples *s)
{
    if (s)
        (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void samples_unref(struct samples *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i]);
    free(s->items);
    free(s);
}

static size_t block_size(const struct sample *sample)
{
    size_t size = sizeof(*sample) + sample->label_count * sizeof(*sample->labels);

    for (size_t i = 0; i < sample->label_count; i++)
        size += strlen(sample->labels[i].name) + 1 + strlen(sample->labels[i].value) + 1;
    return size;
}

static const char *put_text(char **at, const char *text)
{
    const char *copy = *at;
    size_t size = strlen(text) + 1;

    memcpy(*at, text, size);
    *at += size;
    return copy;
}

/* The struct, then its labels, then their texts. */
static struct sample *copy_sample(const struct sample *sample, size_t size)
{
    struct sample *copy = malloc(size);

    if (!copy)
        return NULL;
    struct label *labels = (struct label *)(copy + 1);
    char *text = (char *)(labels + sample->label_count);
    *copy = *sample;
    copy->labels = labels;
    for (size_t i = 0; i < sample->label_count; i++) {
        labels[i].name = put_text(&text, sample->labels[i].name);
        labels[i].value = put_text(&text, sample->labels[i].value);
    }
    return copy;
}

static int make_room(struct samples *s)
{
    size_t room = s->room ? s->room * 2 : 1; /* most lists have one */

    if (s->count < s->room)
        return 0;
    struct sample **items = reallocarray(s->items, room, sizeof(struct sample *));
    if (!items)
        return -ENOMEM;
    s->items = items;
    s->room = room;
    return 0;
}

int samples_add(struct samples *s, const struct sample *sample)
{
    size_t size = block_size(sample);

    if (s->count >= SAMPLES_MAX || size > SAMPLES_BYTES_MAX - s->bytes)
        return -E2BIG;
    struct sample *copy = make_room(s) == 0 ? copy_sample(sample, size) : NULL;
    if (!copy)
        return -ENOMEM;
    s->items[s->count++] = copy;
    s->bytes += size;
    return 0;
}

int samples_add_value(struct samples *s, int64_t value_milli)
{
    return samples_add(s, &(struct sample){.value_milli = value_milli});
}

size_t samples_count(const struct samples *s)
{
    return s ? s->count : 0;
}

const struct sample *samples_at(const struct samples *s, size_t i)
{
    return s->items[i];
}

bool sample_same_labels(const struct sample *a, const struct sample *b)
{
    if (a->label_count != b->label_count)
        return false;
    for (size_t i = 0; i < a->label_count; i++)
        if (strcmp(a->labels[i].name, b->labels[i].name) != 0 ||
            strcmp(a->labels[i].value, b->labels[i].value) != 0)
            return false;
    return true;
}

const char *sample_label(const struct sample *s, const char *name)
{
    for (size_t i = 0; i < s->label_count; i++)
        if (strcmp(s->labels[i].name, name) == 0)
            return s->labels[i].value;
    return NULL;
}

/* A decimal fraction such as 2.01 is a little more or less in binary: 2.01 * 1000 must not round up
 * to 2011. A millionth of a thousandth is far below what a source means. */
static double up_to_whole(double milli)
{
    double near = nearbyint(milli);

    return fabs(milli - near) <= 1e-6 + fabs(milli) * 1e-15 ? near : ceil(milli);
}

void sample_set_number(struct sample *s, double number)
{
    double milli = up_to_whole(number * 1000);

    s->value_milli = 0;
    s->fault = NULL;
    if (isnan(number))
        s->fault = "not a number (NaN)";
    else if (isinf(number))
        s->fault = "infinite";
    else if (number < 0)
        s->fault = "negative";
    else if (milli >= 0x1p63)
        s->fault = "too large";
    else
        s->value_milli = (int64_t)milli;
}

/* ---- combining ---- */

static int refuse_faults(const struct samples *s, struct err *err)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->fault)
            return s->count == 1
                       ? err_set(err, -ENOMSG, "has a value that is %s", s->items[i]->fault)
                       : err_set(err, -ENOMSG, "has %zu values, one of which is %s", s->count,
                                 s->items[i]->fault);
    return 0;
}

static int add_up(const struct samples *s, int64_t *ret_milli, struct err *err)
{
    *ret_milli = 0;
    for (size_t i = 0; i < s->count; i++)
        if (__builtin_add_overflow(*ret_milli, s->items[i]->value_milli, ret_milli))
            return err_set(err, -ENOMSG, "has values whose sum is too large");
    return 0;
}

static int64_t extreme(const struct samples *s, bool largest)
{
    int64_t milli = s->items[0]->value_milli;

    for (size_t i = 1; i < s->count; i++)
        if ((s->items[i]->value_milli > milli) == largest)
            milli = s->items[i]->value_milli;
    return milli;
}

static uint64_t oldest(const struct samples *s)
{
    uint64_t wall_ns = s->items[0]->measured_wall_ns;

    for (size_t i = 1; i < s->count; i++)
        if (s->items[i]->measured_wall_ns && (!wall_ns || s->items[i]->measured_wall_ns < wall_ns))
            wall_ns = s->items[i]->measured_wall_ns;
    return wall_ns;
}

/* s has at least one sample and no faults. */
static int to_one(const struct samples *s, enum combine how, int64_t *ret_milli, struct err *err)
{
    int r = 0;

    if (how == COMBINE_ONE && s->count > 1)
        return err_set(err, -ENOMSG,
                       "has %zu values where one is needed (write what to do with them: combine)",
                       s->count);
    if (how == COMBINE_MAX || how == COMBINE_MIN)
        *ret_milli = extreme(s, how == COMBINE_MAX);
    else
        r = add_up(s, ret_milli, err);
    if (r == 0 && how == COMBINE_AVERAGE) /* rounded up, as everything */
        *ret_milli = *ret_milli / (int64_t)s->count + (*ret_milli % (int64_t)s->count != 0);
    return r;
}

static int one_sample(const struct sample *sample, struct samples **ret, struct err *err)
{
    struct samples *one = samples_new();

    if (!one || samples_add(one, sample) < 0) {
        samples_unref(one);
        return err_set(err, -ENOMEM, "cannot be read: out of memory");
    }
    *ret = one;
    return 0;
}

int samples_combine(struct samples *s, const struct combining *c, struct samples **ret,
                    struct err *err)
{
    struct sample one = {0};

    if (c->how == COMBINE_ALL) {
        *ret = samples_ref(s);
        return 0;
    }
    if (s->count == 0 && !c->empty_is_value)
        return err_set(err, -ENOMSG, "has no value (empty is not zero unless onEmpty says so)");
    if (s->count == 0)
        return one_sample(&(struct sample){.value_milli = c->on_empty_milli}, ret, err);
    if (c->how == COMBINE_EACH) {
        *ret = samples_ref(s);
        return 0;
    }
    int r = refuse_faults(s, err);
    if (r == 0)
        r = to_one(s, c->how, &one.value_milli, err);
    one.measured_wall_ns = oldest(s);
    return r == 0 ? one_sample(&one, ret, err) : r;
}
