// SPDX-License-Identifier: MIT
#include "lab/replay/scenario.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/replay/grow.h"
#include "lab/replay/value.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* --- Objects --- */

static void autoscaled_done(struct autoscaled *a)
{
    json_decref(a->object);
    hpa_spec_free(a->spec);
}

/* As the API server would keep it: in a namespace, and with defaults. */
static int complete(struct autoscaled *a, const char *namespace, struct err *err)
{
    struct hpa_spec_error bad = {0};
    json_t *metadata = json_object_get(a->object, "metadata");

    if (!json_is_object(a->object))
        return err_set(err, -EINVAL, "must be an object");
    if (!*jpath_str(metadata, "namespace", ""))
        (void)json_object_set_new(metadata, "namespace", json_string(namespace));
    int r = hpa_spec_parse_unchecked(a->object, &a->spec, &bad);
    return r < 0 ? err_set(err, r, "%s", bad.err.text) : 0;
}

/* --- Steps --- */

static int read_time(struct json_walk *w, struct step *s)
{
    int r = value_string(w, &s->time_text);

    if (r == 0 && clock_parse_rfc3339(s->time_text, &s->time_ns) < 0)
        return err_set(w->err, -EINVAL, "'%.60s' is no RFC 3339 time of the years 1970 to 2261",
                       s->time_text);
    return r;
}

static int read_step_member(struct json_walk *w, struct json_text key, const struct step *before,
                            struct step *s)
{
    int r = 0;
    const char *name = NULL;

    if (json_text_is(key, name = "time"))
        r = read_time(w, s);
    else if (json_text_is(key, name = "hpa"))
        r = value_json(w, &s->hpa.object);
    else if (json_text_is(key, name = "restart"))
        r = value_bool(w, &s->restart);
    else if (json_text_is(key, name = "responses"))
        r = responses_read(w, before ? &before->responses : NULL, &s->responses);
    else
        (void)json_walk_value(w);
    return r < 0 && w->result == 0 ? err_wrap(w->err, r, "%s", name) : w->result;
}

static int read_step(struct json_walk *w, const struct step *before, struct step *s)
{
    struct json_text key;
    int r = 0;

    if (!json_walk_object(w))
        return value_wrong(w, "an object");
    while (r == 0 && json_walk_member(w, &key))
        r = read_step_member(w, key, before, s);
    if (r == 0 && w->result == 0 && !s->time_text)
        return err_set(w->err, -EINVAL, "time: is missing");
    return r < 0 ? r : w->result;
}

static int read_steps(struct json_walk *w, struct scenario *s)
{
    int r = value_enter_list(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_element(w)) {
        if (grow(&s->steps, s->step_count, sizeof(*s->steps)) < 0)
            return value_no_memory(w->err);
        struct step *step = &s->steps[s->step_count++];
        r = read_step(w, s->step_count > 1 ? step - 1 : NULL, step);
        if (r == 0 && s->step_count > 1 && step->time_ns <= step[-1].time_ns)
            r = err_set(w->err, -EINVAL, "time: %.60s is not after %.60s", step->time_text,
                        step[-1].time_text);
        if (r < 0 && w->result == 0)
            r = err_wrap(w->err, r, "[%zu]", s->step_count - 1);
    }
    return r < 0 ? r : w->result;
}

/* --- The controller's flags --- */

#define PREFIX "horizontal-pod-autoscaler-"

static int read_duration(struct json_walk *w, uint64_t *ret_ns)
{
    scoped(free_at) char *text = NULL;
    int r = value_string(w, &text);

    if (r == 0 && clock_parse_duration(text, ret_ns) < 0)
        return err_set(w->err, -EINVAL, "'%.60s' is no duration such as \"5m0s\"", text);
    return r;
}

static int read_tolerance(struct json_walk *w, double *ret)
{
    json_auto_t *value = NULL;

    if (json_walk_type(w) != '0')
        return value_wrong(w, "a number");
    int r = value_json(w, &value);
    if (r == 0)
        *ret = json_number_value(value);
    return r;
}

static int read_flag(struct json_walk *w, const char *name, struct hpa_settings *settings)
{
    const struct {
        const char *name;
        uint64_t *value;
    } durations[] = {
        {PREFIX "downscale-stabilization", &settings->downscale_window_ns},
        {PREFIX "cpu-initialization-period", &settings->cpu_initialization_ns},
        {PREFIX "initial-readiness-delay", &settings->initial_readiness_delay_ns},
    };

    if (json_walk_type(w) == 'n') {
        (void)json_walk_value(w);
        return w->result;
    }
    if (strcmp(name, PREFIX "tolerance") == 0)
        return read_tolerance(w, &settings->tolerance);
    for (size_t i = 0; i < ARRAY_LEN(durations); i++)
        if (strcmp(name, durations[i].name) == 0)
            return read_duration(w, durations[i].value);
    (void)json_walk_value(w);
    return w->result;
}

static int read_flags(struct json_walk *w, struct hpa_settings *settings)
{
    struct json_text key;
    size_t len;
    int r = value_enter_object(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_member(w, &key)) {
        scoped(free_at) char *name = NULL;
        r = value_text(key, &name, &len, w->err);
        if (r == 0)
            r = read_flag(w, name, settings);
        if (r < 0 && w->result == 0)
            r = err_wrap(w->err, r, "%.80s", name ? name : "a flag");
    }
    return r < 0 ? r : w->result;
}

/* --- The whole --- */

static int read_name(struct json_walk *w, struct scenario *s)
{
    return json_walk_type(w) == '"' || json_walk_type(w) == 'n' ? value_json(w, &s->name)
                                                                : value_wrong(w, "a string");
}

static int read_others(struct json_walk *w, struct scenario *s)
{
    int r = value_enter_list(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_element(w)) {
        if (grow(&s->others, s->other_count, sizeof(*s->others)) < 0)
            return value_no_memory(w->err);
        r = value_json(w, &s->others[s->other_count++].object);
    }
    return r < 0 ? r : w->result;
}

static int read_member(struct json_walk *w, struct json_text key, struct scenario *s)
{
    int r = 0;
    const char *name = NULL;

    if (json_text_is(key, name = "name"))
        r = read_name(w, s);
    else if (json_text_is(key, name = "controller"))
        r = read_flags(w, &s->settings);
    else if (json_text_is(key, name = "hpa"))
        r = value_json(w, &s->hpa.object);
    else if (json_text_is(key, name = "otherHpas"))
        r = read_others(w, s);
    else if (json_text_is(key, name = "steps"))
        r = read_steps(w, s);
    else
        (void)json_walk_value(w);
    return r < 0 && w->result == 0 ? err_wrap(w->err, r, "%s", name) : w->result;
}

static int read_text(struct json_text line, struct scenario *s, struct err *err)
{
    struct json_walk w = json_walk_begin(line, err);
    struct json_text key;
    int r = 0;

    if (json_walk_type(&w) == '{')
        (void)json_walk_object(&w);
    else
        r = value_wrong(&w, "an object");
    while (r == 0 && json_walk_member(&w, &key))
        r = read_member(&w, key, s);
    return r < 0 ? r : json_walk_end(&w);
}

/* Objects that take the place of the first one, or stand beside it, are in its namespace. */
static int complete_all(struct scenario *s, struct err *err)
{
    int r = s->hpa.object ? complete(&s->hpa, "default", err) : err_set(err, -EINVAL, "is missing");

    if (r < 0)
        return err_wrap(err, r, "hpa");
    for (size_t i = 0; i < s->other_count; i++) {
        r = complete(&s->others[i], s->hpa.spec->namespace, err);
        if (r < 0)
            return err_wrap(err, r, "otherHpas[%zu]", i);
    }
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->steps[i].hpa.object)
            r = complete(&s->steps[i].hpa, s->hpa.spec->namespace, err);
        if (r < 0)
            return err_wrap(err, r, "steps[%zu].hpa", i);
    }
    return 0;
}

int scenario_parse(struct json_text line, struct scenario **ret, struct err *err)
{
    struct scenario *s = calloc(1, sizeof(*s));

    if (!s)
        return value_no_memory(err);
    s->settings = HPA_SETTINGS_DEFAULT;
    int r = read_text(line, s, err);
    if (r == 0)
        r = complete_all(s, err);
    if (r == 0 && !s->name) {
        s->name = json_string("");
        r = s->name ? 0 : value_no_memory(err);
    }
    if (r < 0)
        scenario_free(s);
    else
        *ret = s;
    return r;
}

static void step_done(struct step *s)
{
    free(s->time_text);
    autoscaled_done(&s->hpa);
    responses_done(&s->responses);
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    json_decref(s->name);
    autoscaled_done(&s->hpa);
    for (size_t i = 0; i < s->other_count; i++)
        autoscaled_done(&s->others[i]);
    free(s->others);
    for (size_t i = 0; i < s->step_count; i++)
        step_done(&s->steps[i]);
    free(s->steps);
    free(s);
}
