// SPDX-License-Identifier: MIT
#include "adapter/sources/cron.h"

#include "adapter/sources/cron_schedule.h"
#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES 200
#define REPLICAS_MAX 1000000

struct cron {
    struct timezone_rules *zone;
    struct cron_schedule start, end;
    int64_t replicas;
};

struct memory { /* finding the next moments may take long, and they change seldom */
    int64_t from_s, until_s;
    bool inside;
};

static void done(void *settings)
{
    struct cron *c = settings;

    if (!c)
        return;
    timezone_free(c->zone);
    free(c);
}

/* ---- configuration ---- */

static int read_schedule(const struct strict *s, const json_t *mapping, const char *path,
                         const char *name, struct cron_schedule *ret, const char **ret_text)
{
    struct err why = {0};
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, mapping, path, name, TEXT_MAX_BYTES, ret_text);

    if (r < 0)
        return r;
    if (cron_schedule_parse(*ret_text, ret, &why) < 0)
        return strict_refuse(s, strict_path(at, path, name),
                             "%s takes minute, hour, day of month, month and day of week, such as "
                             "'30 8 * * 1-5': %s",
                             at, why.text);
    return 0;
}

static int read_zone(const struct strict *s, const json_t *mapping, const char *path,
                     struct cron *c, const char **ret_name)
{
    struct err why = {0};
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, mapping, path, "timezone", TEXT_MAX_BYTES, ret_name);

    if (r == 0 && timezone_new(*ret_name, &c->zone, &why) < 0)
        return strict_refuse(s, strict_path(at, path, "timezone"), "%s: %s", at, why.text);
    return r;
}

static int check_window(const struct strict *s, const char *path, const struct cron *c)
{
    int64_t now_s = (int64_t)(clock_wall_ns() / NS_PER_S), unused_s;

    if (memcmp(&c->start, &c->end, sizeof(c->start)) == 0)
        return strict_refuse(s, path, "%s needs a start and an end that differ", path);
    if (cron_schedule_next(&c->start, c->zone, now_s, &unused_s) < 0 ||
        cron_schedule_next(&c->end, c->zone, now_s, &unused_s) < 0)
        return strict_refuse(s, path, "%s has a start or an end that never comes", path);
    return 0;
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        {"timezone", true}, {"start", true}, {"end", true}, {"desiredReplicas", true}, {0}};
    struct cron *c = ret->settings = calloc(1, sizeof(*c));
    const char *zone = NULL, *start = NULL, *end = NULL;

    if (!c)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = read_zone(s, mapping, path, c, &zone);
    if (r == 0)
        r = read_schedule(s, mapping, path, "start", &c->start, &start);
    if (r == 0)
        r = read_schedule(s, mapping, path, "end", &c->end, &end);
    if (r == 0)
        r = strict_int(s, mapping, path, "desiredReplicas", 1, REPLICAS_MAX, &c->replicas);
    if (r == 0)
        r = check_window(s, path, c);
    if (r < 0)
        return r;
    if (asprintf(&ret->shown_as, "the window from '%s' to '%s' in %s", start, end, zone) < 0)
        ret->shown_as = NULL;
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

/* ---- the value ---- */

static int look(const struct cron *c, struct memory *m, int64_t now_s)
{
    int64_t start_s, end_s;

    if (cron_schedule_next(&c->start, c->zone, now_s, &start_s) < 0 ||
        cron_schedule_next(&c->end, c->zone, now_s, &end_s) < 0)
        return -ENOENT;
    m->inside = end_s < start_s;
    m->from_s = now_s;
    m->until_s = m->inside ? end_s : start_s;
    return 0;
}

static int ask(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err)
{
    const struct cron *c = s->settings;
    struct memory *m = p->memory;
    int64_t now_s = (int64_t)(p->started_wall_ns / NS_PER_S);

    if ((now_s < m->from_s || now_s >= m->until_s) && look(c, m, now_s) < 0)
        return err_set(err, -ENOMSG, "has no start or no end any more");
    int r = samples_add_value(ret, m->inside ? c->replicas * 1000 : 0);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static void help(FILE *out)
{
    (void)fputs("      cron:                   desiredReplicas inside the window, 0 outside\n"
                "        timezone: Europe/Brussels\n"
                "        start: 30 8 * * 1-5   minute, hour, day of month, month, day of week\n"
                "        end: 0 18 * * 1-5\n"
                "        desiredReplicas: 10\n",
                out);
}

const struct source_kind cron_kind = {
    .name = "cron",
    .read_config = read_config,
    .done = done,
    .ask = ask,
    .asks_at_once = true,
    .memory_size = sizeof(struct memory),
    .help = help,
};
