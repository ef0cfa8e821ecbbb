// SPDX-License-Identifier: MIT
#include "lab/simulate/plan_load.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "lab/simulate/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MAX TRACE_RATE_MAX
#define TIME_MAX_NS (366 * 24 * 3600 * NS_PER_S)
#define STEPS_MAX 1000
#define FILE_NAME_MAX 200

struct place { /* one part being read */
    const struct strict *s;
    const json_t *object; /* what stands behind the shape's name */
    const char *path;     /* where */
    const char *folder;   /* of traces */
};

static int read_seconds(const struct place *p, const char *name, uint64_t min_ns, double *ret_s)
{
    uint64_t ns = UINT64_MAX;
    int r = strict_duration(p->s, p->object, p->path, name, min_ns, TIME_MAX_NS, &ns);

    if (r == 0 && ns != UINT64_MAX)
        *ret_s = (double)ns / (double)NS_PER_S;
    return r;
}

static int read_rate(const struct place *p, const char *name, double *ret)
{
    return strict_number(p->s, p->object, p->path, name, 0, RATE_MAX, ret);
}

/* ---- the shapes ---- */

static int read_constant(const struct place *p, struct profile_part *ret)
{
    const double rate = json_number_value(p->object);

    if (!json_is_number(p->object) || rate < 0 || rate > RATE_MAX)
        return strict_refuse(p->s, p->path, "%s takes a rate from 0 to %g per second", p->path,
                             RATE_MAX);
    *ret = (struct profile_part){.shape = PROFILE_CONSTANT, .constant = rate};
    return 0;
}

static int read_step(const struct place *p, struct profile_steps *steps)
{
    static const struct strict_member members[] = {{"at", true}, {"rate", true}, {0}};
    struct profile_step *step = &steps->list[steps->count];
    int r = strict_mapping(p->s, p->object, p->path, members);

    if (r == 0)
        r = read_seconds(p, "at", 0, &step->at_s);
    if (r == 0)
        r = read_rate(p, "rate", &step->rate);
    if (r == 0 && steps->count > 0 && step->at_s <= step[-1].at_s)
        r = strict_refuse(p->s, p->path, "%s is not later than the step before it", p->path);
    steps->count++;
    return r;
}

static int read_steps(const struct place *p, struct profile_part *ret)
{
    const size_t count = json_array_size(p->object);
    char path[STRICT_PATH_MAX];
    int r = 0;

    if (count == 0 || count > STEPS_MAX)
        return strict_refuse(p->s, p->path, "%s takes a list of 1 to %d {at, rate}", p->path,
                             STEPS_MAX);
    *ret = (struct profile_part){.shape = PROFILE_STEPS};
    ret->steps.list = calloc(count, sizeof(*ret->steps.list));
    if (!ret->steps.list)
        return err_set(p->s->err, -ENOMEM, "out of memory");
    for (size_t i = 0; r == 0 && i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s[%zu]", p->path, i);
        const struct place at = {p->s, json_array_get(p->object, i), path, p->folder};
        r = read_step(&at, &ret->steps);
    }
    return r;
}

static int read_ramp(const struct place *p, struct profile_part *ret)
{
    static const struct strict_member members[] = {
        {"from", true}, {"to", true}, {"at", true}, {"over", true}, {0}};
    int r = strict_mapping(p->s, p->object, p->path, members);

    *ret = (struct profile_part){.shape = PROFILE_RAMP};
    if (r == 0)
        r = read_rate(p, "from", &ret->ramp.from);
    if (r == 0)
        r = read_rate(p, "to", &ret->ramp.to);
    if (r == 0)
        r = read_seconds(p, "at", 0, &ret->ramp.at_s);
    return r == 0 ? read_seconds(p, "over", 0, &ret->ramp.over_s) : r;
}

static int read_diurnal(const struct place *p, struct profile_part *ret)
{
    static const struct strict_member members[] = {
        {"low", true}, {"high", true}, {"peakAt", true}, {"period"}, {0}};
    int r = strict_mapping(p->s, p->object, p->path, members);

    *ret = (struct profile_part){.shape = PROFILE_DIURNAL, .diurnal.period_s = 24 * 3600};
    if (r == 0)
        r = read_rate(p, "low", &ret->diurnal.low);
    if (r == 0)
        r = read_rate(p, "high", &ret->diurnal.high);
    if (r == 0)
        r = read_seconds(p, "peakAt", 0, &ret->diurnal.peak_at_s);
    return r == 0 ? read_seconds(p, "period", NS_PER_S, &ret->diurnal.period_s) : r;
}

static int read_flash_crowd(const struct place *p, struct profile_part *ret)
{
    static const struct strict_member members[] = {
        {"peak", true}, {"at", true}, {"rise", true}, {"hold", true}, {"halfLife", true}, {0}};
    int r = strict_mapping(p->s, p->object, p->path, members);

    *ret = (struct profile_part){.shape = PROFILE_FLASH_CROWD};
    if (r == 0)
        r = read_rate(p, "peak", &ret->flash_crowd.peak);
    if (r == 0)
        r = read_seconds(p, "at", 0, &ret->flash_crowd.at_s);
    if (r == 0)
        r = read_seconds(p, "rise", 0, &ret->flash_crowd.rise_s);
    if (r == 0)
        r = read_seconds(p, "hold", 0, &ret->flash_crowd.hold_s);
    return r == 0 ? read_seconds(p, "halfLife", NS_PER_S, &ret->flash_crowd.half_life_s) : r;
}

static int read_trace(const struct place *p, struct profile_part *ret)
{
    static const struct strict_member members[] = {{"file", true}, {"time"}, {"rate"}, {0}};
    struct trace_columns columns = {0};
    const char *file = NULL;
    char path[4096];
    int r = strict_mapping(p->s, p->object, p->path, members);

    if (r == 0)
        r = strict_text(p->s, p->object, p->path, "file", FILE_NAME_MAX, &file);
    if (r == 0)
        r = strict_text(p->s, p->object, p->path, "time", FILE_NAME_MAX, &columns.time);
    if (r == 0)
        r = strict_text(p->s, p->object, p->path, "rate", FILE_NAME_MAX, &columns.rate);
    if (r == 0 && !p->folder)
        r = strict_refuse(p->s, p->path, "%s: there is no folder to read traces from", p->path);
    if (r < 0)
        return r;
    *ret = (struct profile_part){.shape = PROFILE_STEPS};
    (void)snprintf(path, sizeof(path), "%s/%s", p->folder, file);
    return trace_read(path, columns, &ret->steps, p->s->err);
}

/* ---- the list ---- */

static const struct shape {
    const char *name;
    int (*read)(const struct place *p, struct profile_part *ret);
} shapes[] = {
    {"constant", read_constant},
    {"steps", read_steps},
    {"ramp", read_ramp},
    {"diurnal", read_diurnal},
    {"flashCrowd", read_flash_crowd},
    {"trace", read_trace},
};

static int read_part(const struct place *p, struct profile_part *ret)
{
    void *first = json_object_iter((json_t *)(uintptr_t)p->object);
    const char *name = first ? json_object_iter_key(first) : "";
    char path[STRICT_PATH_MAX];

    for (size_t i = 0; json_object_size(p->object) == 1 && i < ARRAY_LEN(shapes); i++) {
        if (strcmp(shapes[i].name, name) != 0)
            continue;
        strict_path(path, p->path, name);
        return shapes[i].read(&(struct place){p->s, json_object_iter_value(first), path, p->folder},
                              ret);
    }
    return strict_refuse(p->s, p->path,
                         "%s takes one of constant, steps, ramp, diurnal, flashCrowd and trace",
                         p->path);
}

int plan_load_read(const struct strict *s, const json_t *entry, const char *parent,
                   const char *folder, struct profile *ret)
{
    const json_t *list = json_object_get(entry, "load");
    const size_t count = json_array_size(list);
    char path[STRICT_PATH_MAX], at[STRICT_PATH_MAX + 32];
    int r = 0;

    strict_path(path, parent, "load");
    if (count == 0 || count > PROFILE_PARTS_MAX)
        return strict_refuse(s, path, "%s takes a list of 1 to %d parts", path, PROFILE_PARTS_MAX);
    for (size_t i = 0; r == 0 && i < count; i++) {
        (void)snprintf(at, sizeof(at), "%s[%zu]", path, i);
        const struct place p = {s, json_array_get(list, i), at, folder};
        r = read_part(&p, &ret->parts[ret->count++]);
    }
    return r;
}
