// SPDX-License-Identifier: MIT
#include "lab/scene.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/yaml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITHIN_DEFAULT_NS (10 * 60 * NS_PER_S)

static const char *const quantity_names[] = {"replicas", "ready", "depth", "drained"};
static const char *const compare_names[] = {">=", "<=", "=="};

struct reader { /* one file being read; path is where in it */
    const struct yaml_file *file;
    struct err *err;
    char path[256];
};

static int refuse(const struct reader *r, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct reader *r, const char *member, const char *format, ...)
{
    char text[300], path[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(path, sizeof(path), "%s%s%s", r->path, *r->path && *member ? "." : "", member);
    return err_set(r->err, -EINVAL, "%s:%u: %s", yaml_name(r->file), yaml_line(r->file, 0, path),
                   text);
}

static int check_members(const struct reader *r, const json_t *object, const char *const *known,
                         size_t count)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return refuse(r, "", "members are expected here");
    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(known[i], key) != 0)
            i++;
        if (i == count)
            return refuse(r, key, "unknown member '%s'", key);
    }
    return 0;
}

static int read_text(const struct reader *r, const json_t *object, const char *member, char **ret)
{
    const json_t *value = json_object_get(object, member);

    if (!value)
        return 0;
    if (!json_is_string(value))
        return refuse(r, member, "%s must be a text", member);
    *ret = strdup(json_string_value(value));
    return *ret ? 0 : refuse(r, member, "out of memory");
}

static int read_duration(const struct reader *r, const json_t *object, const char *member,
                         uint64_t *ret)
{
    const json_t *value = json_object_get(object, member);

    if (!value)
        return 0;
    if (!json_is_string(value) || clock_parse_duration(json_string_value(value), ret) < 0)
        return refuse(r, member, "%s must be a duration such as 30s or 5m", member);
    return 0;
}

/* ---- conditions ---- */

char *scene_condition_text(const struct scene_condition *c, char text[64])
{
    if (c->quantity == SCENE_DRAINED)
        (void)snprintf(text, 64, "the queue is drained");
    else
        (void)snprintf(text, 64, "%s %s %" PRId64, quantity_names[c->quantity],
                       compare_names[c->compare], c->number);
    return text;
}

bool scene_condition_holds(const struct scene_condition *c, int64_t value)
{
    switch (c->compare) {
    case SCENE_AT_LEAST:
        return value >= c->number;
    case SCENE_AT_MOST:
        return value <= c->number;
    default:
        return value == c->number;
    }
}

static int parse_comparison(const char *text, struct scene_condition *c)
{
    for (size_t i = 0; i < ARRAY_LEN(compare_names); i++) {
        if (strncmp(text, compare_names[i], 2) != 0)
            continue;
        c->compare = (enum scene_compare)i;
        return parse_i64(text + 2 + strspn(text + 2, " "), 0, 1000000, &c->number);
    }
    return -EINVAL;
}

static int read_condition(const struct reader *r, struct scene_step *step, const char *name,
                          const json_t *value)
{
    struct scene_condition c = {0};
    size_t i = 0;

    while (i < ARRAY_LEN(quantity_names) && strcmp(quantity_names[i], name) != 0)
        i++;
    if (i == ARRAY_LEN(quantity_names) || step->condition_count == SCENE_CONDITIONS_MAX)
        return refuse(r, "until", "until knows replicas, ready, depth and drained, not '%s'", name);
    c.quantity = (enum scene_quantity)i;
    if (c.quantity == SCENE_DRAINED)
        c = (struct scene_condition){SCENE_DRAINED, SCENE_EQUAL, 0};
    else if (!json_is_string(value) || parse_comparison(json_string_value(value), &c) < 0)
        return refuse(r, "until", "%s must be a comparison such as \">= 4\"", name);
    step->conditions[step->condition_count++] = c;
    return 0;
}

static int read_conditions(const struct reader *r, const json_t *object, struct scene_step *step)
{
    json_t *until = json_object_get(object, "until");
    const char *name;
    json_t *value;
    int ret = 0;

    if (until && !json_is_object(until))
        return refuse(r, "until", "until must have members such as replicas: \">= 4\"");
    json_object_foreach (until, name, value)
        if (ret == 0)
            ret = read_condition(r, step, name, value);
    return ret;
}

/* ---- loads ---- */

static int add_word(struct scene_load *load, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int add_word(struct scene_load *load, const char *format, ...)
{
    va_list args;

    if (load->count == SCENE_WORDS_MAX)
        return -E2BIG;
    va_start(args, format);
    int len = vasprintf(&load->words[load->count], format, args);
    va_end(args);
    if (len < 0) {
        load->words[load->count] = NULL;
        return -ENOMEM;
    }
    load->count++;
    return 0;
}

struct flag { /* a member of load or produce and the flag of swell-load that it becomes */
    const char *member, *flag;
};

static int add_flags(const struct reader *r, const json_t *object, const struct flag *flags,
                     size_t count, struct scene_load *load)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(flags[i].member, key) != 0)
            i++;
        if (i == count)
            return refuse(r, "", "unknown member '%s' of a load", key);
        int ret = json_is_string(value)
                      ? add_word(load, "--%s=%s", flags[i].flag, json_string_value(value))
                      : add_word(load, "--%s=%.15g", flags[i].flag, json_number_value(value));
        if (ret < 0)
            return refuse(r, "", "too many members of a load");
    }
    return 0;
}

/* value is "none" or the load's members. */
static int read_change(const struct reader *r, const json_t *value, const char *command,
                       struct scene_load *load)
{
    if (!value)
        return 0;
    if (json_is_string(value) && strcmp(json_string_value(value), "none") == 0) {
        load->change = SCENE_STOP;
        return 0;
    }
    if (!json_is_object(value))
        return refuse(r, "", "a load is 'none' or has members");
    load->change = SCENE_START;
    (void)add_word(load, "%s", command);
    (void)add_word(load, "--progress=500ms");
    (void)add_word(load, "--duration=24h");
    (void)add_word(load, "--log-level=warn");
    return 0;
}

static int read_load(const struct reader *r, const json_t *step, struct scene_load *load)
{
    static const struct flag flags[] = {
        {"rate", "rate"}, {"clients", "clients"}, {"pause", "pause"}, {"timeout", "timeout"}};
    json_auto_t *value = json_deep_copy(json_object_get(step, "load"));
    int ret = read_change(r, value, "run", load);

    if (ret < 0 || load->change != SCENE_START)
        return ret;
    json_auto_t *url = json_incref(json_object_get(value, "url"));
    if (!json_is_string(url))
        return refuse(r, "load", "load needs a url");
    (void)json_object_del(value, "url");
    ret = add_flags(r, value, flags, ARRAY_LEN(flags), load);
    return ret < 0 ? ret : add_word(load, "%s", json_string_value(url));
}

static int read_produce(const struct reader *r, const json_t *step, const struct scene *scene,
                        struct scene_load *load)
{
    static const struct flag flags[] = {{"rate", "rate"}, {"cpuMs", "cpu-ms"}};
    const json_t *value = json_object_get(step, "produce");
    int ret = read_change(r, value, "produce", load);

    if (ret < 0 || load->change != SCENE_START)
        return ret;
    if (!scene->queue_service)
        return refuse(r, "produce", "produce needs the scene's queue: {service: ..., name: ...}");
    ret = add_word(load, "--queue-url=http://%s", scene->queue_service);
    if (ret == 0)
        ret = add_word(load, "--queue=%s", scene->queue_name);
    return ret == 0 ? add_flags(r, value, flags, ARRAY_LEN(flags), load) : ret;
}

/* ---- steps ---- */

static int read_step(const struct reader *r, const json_t *object, const struct scene *scene,
                     struct scene_step *step)
{
    static const char *const known[] = {"say", "load", "produce", "for", "until", "within"};
    int ret = check_members(r, object, known, ARRAY_LEN(known));

    step->within_ns = WITHIN_DEFAULT_NS;
    if (ret == 0)
        ret = read_text(r, object, "say", &step->say);
    if (ret == 0)
        ret = read_duration(r, object, "for", &step->for_ns);
    if (ret == 0)
        ret = read_duration(r, object, "within", &step->within_ns);
    if (ret == 0)
        ret = read_conditions(r, object, step);
    if (ret == 0)
        ret = read_load(r, object, &step->load);
    if (ret == 0)
        ret = read_produce(r, object, scene, &step->produce);
    if (ret == 0 && !step->for_ns && !step->condition_count)
        ret = refuse(r, "", "a step needs 'for' or 'until'");
    return ret;
}

static int read_steps(struct reader *r, const json_t *root, struct scene *scene)
{
    const json_t *steps = json_object_get(root, "steps");
    int ret = 0;

    if (json_array_size(steps) == 0 || json_array_size(steps) > SCENE_STEPS_MAX)
        return refuse(r, "steps", "a scene has 1 to %d steps", SCENE_STEPS_MAX);
    for (size_t i = 0; ret == 0 && i < json_array_size(steps); i++) {
        (void)snprintf(r->path, sizeof(r->path), "steps[%zu]", i);
        ret = read_step(r, json_array_get(steps, i), scene, &scene->steps[scene->step_count++]);
    }
    return ret;
}

static int read_queue(struct reader *r, const json_t *root, struct scene *scene)
{
    static const char *const known[] = {"service", "name"};
    const json_t *queue = json_object_get(root, "queue");

    if (!queue)
        return 0;
    (void)snprintf(r->path, sizeof(r->path), "queue");
    int ret = check_members(r, queue, known, ARRAY_LEN(known));
    if (ret == 0)
        ret = read_text(r, queue, "service", &scene->queue_service);
    if (ret == 0)
        ret = read_text(r, queue, "name", &scene->queue_name);
    if (ret == 0 && (!scene->queue_service || !scene->queue_name))
        ret = refuse(r, "", "queue needs service and name");
    r->path[0] = '\0';
    return ret;
}

static int read_scene(struct reader *r, const json_t *root, struct scene *scene)
{
    static const char *const known[] = {"title", "target", "queue", "steps"};
    int ret = check_members(r, root, known, ARRAY_LEN(known));

    if (ret == 0)
        ret = read_text(r, root, "title", &scene->title);
    if (ret == 0)
        ret = read_text(r, root, "target", &scene->target);
    if (ret == 0 && (!scene->title || !scene->target))
        ret = refuse(r, "", "a scene needs title and target");
    if (ret == 0)
        ret = read_queue(r, root, scene);
    return ret == 0 ? read_steps(r, root, scene) : ret;
}

static void load_done(struct scene_load *load)
{
    for (size_t i = 0; i < load->count; i++)
        free(load->words[i]);
}

void scene_free(struct scene *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->step_count; i++) {
        free(s->steps[i].say);
        load_done(&s->steps[i].load);
        load_done(&s->steps[i].produce);
    }
    free(s->name);
    free(s->title);
    free(s->target);
    free(s->queue_service);
    free(s->queue_name);
    free(s);
}

int scene_read(const char *folder, struct scene **ret, struct err *err)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct yaml_file *file = NULL;
    char path[4096];
    const char *slash = strrchr(folder, '/');

    if (!scene)
        return err_set(err, -ENOMEM, "out of memory");
    scene->name = strdup(slash ? slash + 1 : folder);
    (void)snprintf(path, sizeof(path), "%s/scene.yaml", folder);
    int r = yaml_read_file(path, &file, err);
    struct reader reader = {.file = file, .err = err};
    if (r == 0)
        r = read_scene(&reader, yaml_document(file, 0), scene);
    yaml_file_free(file);
    if (r < 0)
        scene_free(scene);
    else
        *ret = scene;
    return r;
}
