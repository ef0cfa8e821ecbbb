// SPDX-License-Identifier: MIT
#include "lab/replay/scenario.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* --- Values. Each reads the next one of the walk, and says what is wrong with it. --- */

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

static int wrong(struct json_walk *w, const char *what)
{
    const struct json_text found = json_walk_value(w);

    if (w->result < 0)
        return w->result;
    return err_set(w->err, -EINVAL, "must be %s, not %.*s", what,
                   found.len > 40 ? 40 : (int)found.len, found.at);
}

/* 1 inside of an object (a list); 0 for null, which counts as absent. */
static int enter_object(struct json_walk *w)
{
    if (json_walk_object(w))
        return 1;
    if (json_walk_type(w) != 'n')
        return wrong(w, "an object");
    (void)json_walk_value(w);
    return w->result;
}

static int enter_list(struct json_walk *w)
{
    if (json_walk_list(w))
        return 1;
    if (json_walk_type(w) != 'n')
        return wrong(w, "a list");
    (void)json_walk_value(w);
    return w->result;
}

/* New in *ret; absent when it is null. */
static int read_json(struct json_walk *w, json_t **ret)
{
    const bool null = json_walk_type(w) == 'n';
    const struct json_text text = json_walk_value(w);

    if (w->result < 0 || null)
        return w->result;
    json_decref(*ret);
    *ret = json_text_load(text, w->err);
    return *ret ? 0 : -EINVAL;
}

/* Text of a good string. New in *ret. */
static int load_string(struct json_text text, char **ret, size_t *ret_len, struct err *err)
{
    const bool plain = json_text_is_plain(text);
    json_auto_t *value = plain ? NULL : json_text_load(text, err);
    const char *from = plain ? text.at + 1 : json_string_value(value);

    if (!from)
        return -EINVAL;
    free(*ret);
    *ret_len = plain ? text.len - 2 : json_string_length(value);
    *ret = malloc(*ret_len + 1);
    if (!*ret)
        return no_memory(err);
    memcpy(*ret, from, *ret_len);
    (*ret)[*ret_len] = '\0';
    return 0;
}

static int read_string(struct json_walk *w, char **ret)
{
    size_t len;

    if (json_walk_type(w) != '"')
        return wrong(w, "a string");
    const struct json_text text = json_walk_value(w);
    if (w->result < 0)
        return w->result;
    int r = load_string(text, ret, &len, w->err);
    if (r == 0 && strlen(*ret) != len)
        return err_set(w->err, -EINVAL, "must not have a NUL character");
    return r;
}

static int read_bool(struct json_walk *w, bool *ret)
{
    const char type = json_walk_type(w);

    if (type != 't' && type != 'n')
        return wrong(w, "true or false");
    *ret = *w->at == 't';
    (void)json_walk_value(w);
    return w->result;
}

/* Makes room for one more of *count elements; sizes are powers of two. */
static int grow(void *array, size_t count, size_t element_size)
{
    if (count & (count - 1))
        return 0;
    void *more = reallocarray(*(void **)array, count ? 2 * count : 1, element_size);
    if (!more)
        return -ENOMEM;
    *(void **)array = more;
    memset((char *)more + count * element_size, 0, (count ? count : 1) * element_size);
    return 0;
}

/* --- Answers --- */

void scenario_forget(struct answer *a)
{
    json_decref(a->object);
    a->object = NULL;
    a->read = false;
}

static void answer_done(struct answer *a)
{
    free(a->error);
    free(a->own_body);
    scenario_forget(a);
}

struct answer_members {
    struct json_text kind, code, error, body;
};

static void sort_out(struct answer_members *m, struct json_text key, struct json_text value)
{
    if (json_text_is(key, "kind"))
        m->kind = value;
    else if (json_text_is(key, "code"))
        m->code = value;
    else if (json_text_is(key, "error"))
        m->error = value;
    else if (json_text_is(key, "body"))
        m->body = value;
}

static int set_code(struct answer *a, const struct answer_members *m, struct err *err)
{
    json_auto_t *code = json_text_load(m->code, err);
    const json_int_t number = json_integer_value(code);
    size_t len;

    if (number < 100 || number > 999)
        return err_set(err, -EINVAL, "code: must be a number from 100 to 999, not %.*s",
                       m->code.len > 40 ? 40 : (int)m->code.len, m->code.at);
    *a = (struct answer){.code = (int)number, .body = m->body, .good = m->body.at != NULL};
    if (!m->body.at || *m->body.at != '"')
        return 0;
    int r = load_string(m->body, &a->own_body, &len, err);
    a->body = (struct json_text){.at = a->own_body, .len = len};
    a->good = false;
    return r < 0 ? err_wrap(err, r, "body") : 0;
}

static int set_error(struct answer *a, const struct answer_members *m, struct err *err)
{
    size_t len;

    *a = (struct answer){0};
    if (*m->error.at != '"')
        return err_set(err, -EINVAL, "error: must be a string");
    int r = load_string(m->error, &a->error, &len, err);
    return r < 0 ? err_wrap(err, r, "error") : 0;
}

/* An object with a kind is a body whatever else it has. */
static int read_answer(struct json_walk *w, struct answer *ret)
{
    struct answer_members m = {0};
    struct json_text key;

    (void)json_walk_type(w);
    const char *start = w->at;
    if (!json_walk_object(w))
        return wrong(w, "an answer (an object), a list of answers or null");
    while (json_walk_member(w, &key))
        sort_out(&m, key, json_walk_value(w));
    if (w->result < 0)
        return w->result;
    if (!m.kind.at && m.code.at)
        return set_code(ret, &m, w->err);
    if (!m.kind.at && m.error.at)
        return set_error(ret, &m, w->err);
    *ret = (struct answer){.code = 200, .body = {start, (size_t)(w->at - start)}, .good = true};
    return 0;
}

static int add_answer(struct json_walk *w, struct response *p)
{
    if (grow(&p->answers, p->count, sizeof(*p->answers)) < 0)
        return no_memory(w->err);
    return read_answer(w, &p->answers[p->count++]);
}

static int read_answers(struct json_walk *w, struct response *p)
{
    int r = 0;

    if (json_walk_type(w) == 'n') {
        (void)json_walk_value(w);
        return w->result;
    }
    const char *start = w->at;
    if (!json_walk_list(w))
        r = add_answer(w, p);
    else
        while (r == 0 && json_walk_element(w))
            r = add_answer(w, p);
    p->given = (struct json_text){start, (size_t)(w->at - start)};
    return r < 0 ? r : w->result;
}

/* Most answers are those of the step before, at the same place. */
static bool repeat(struct json_walk *w, const struct step *before, size_t i, struct response *p)
{
    const struct response *r = before && i < before->response_count ? &before->responses[i] : NULL;

    (void)json_walk_type(w);
    const char *start = w->at;
    if (!r || strcmp(r->key, p->key) != 0 || !json_walk_again(w, r->given))
        return false;
    p->given = (struct json_text){start, r->given.len};
    p->same = r->same ? r->same : r;
    return true;
}

/* before: the step before, or NULL. */
static int read_responses(struct json_walk *w, const struct step *before, struct step *s)
{
    struct json_text key;
    size_t len;
    int r = enter_object(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_member(w, &key)) {
        if (grow(&s->responses, s->response_count, sizeof(*s->responses)) < 0)
            return no_memory(w->err);
        struct response *p = &s->responses[s->response_count++];
        r = load_string(key, &p->key, &len, w->err);
        if (r == 0 && !repeat(w, before, s->response_count - 1, p))
            r = read_answers(w, p);
        if (r < 0)
            return err_wrap(w->err, r, "%.200s", p->key ? p->key : "a key");
    }
    return r < 0 ? r : w->result;
}

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
    int r = read_string(w, &s->time_text);

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
        r = read_json(w, &s->hpa.object);
    else if (json_text_is(key, name = "restart"))
        r = read_bool(w, &s->restart);
    else if (json_text_is(key, name = "responses"))
        r = read_responses(w, before, s);
    else
        (void)json_walk_value(w);
    return r < 0 && w->result == 0 ? err_wrap(w->err, r, "%s", name) : w->result;
}

static int read_step(struct json_walk *w, const struct step *before, struct step *s)
{
    struct json_text key;
    int r = 0;

    if (!json_walk_object(w))
        return wrong(w, "an object");
    while (r == 0 && json_walk_member(w, &key))
        r = read_step_member(w, key, before, s);
    if (r == 0 && w->result == 0 && !s->time_text)
        return err_set(w->err, -EINVAL, "time: is missing");
    return r < 0 ? r : w->result;
}

static int read_steps(struct json_walk *w, struct scenario *s)
{
    int r = enter_list(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_element(w)) {
        if (grow(&s->steps, s->step_count, sizeof(*s->steps)) < 0)
            return no_memory(w->err);
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
    int r = read_string(w, &text);

    if (r == 0 && clock_parse_duration(text, ret_ns) < 0)
        return err_set(w->err, -EINVAL, "'%.60s' is no duration such as \"5m0s\"", text);
    return r;
}

static int read_tolerance(struct json_walk *w, double *ret)
{
    json_auto_t *value = NULL;

    if (json_walk_type(w) != '0')
        return wrong(w, "a number");
    int r = read_json(w, &value);
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
    int r = enter_object(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_member(w, &key)) {
        scoped(free_at) char *name = NULL;
        r = load_string(key, &name, &len, w->err);
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
    return json_walk_type(w) == '"' || json_walk_type(w) == 'n' ? read_json(w, &s->name)
                                                                : wrong(w, "a string");
}

static int read_others(struct json_walk *w, struct scenario *s)
{
    int r = enter_list(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_element(w)) {
        if (grow(&s->others, s->other_count, sizeof(*s->others)) < 0)
            return no_memory(w->err);
        r = read_json(w, &s->others[s->other_count++].object);
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
        r = read_json(w, &s->hpa.object);
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
        r = wrong(&w, "an object");
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
        return no_memory(err);
    s->settings = HPA_SETTINGS_DEFAULT;
    int r = read_text(line, s, err);
    if (r == 0)
        r = complete_all(s, err);
    if (r == 0 && !s->name) {
        s->name = json_string("");
        r = s->name ? 0 : no_memory(err);
    }
    if (r < 0)
        scenario_free(s);
    else
        *ret = s;
    return r;
}

static void response_done(struct response *p)
{
    free(p->key);
    for (size_t i = 0; i < p->count; i++)
        answer_done(&p->answers[i]);
    free(p->answers);
}

static void step_done(struct step *s)
{
    free(s->time_text);
    autoscaled_done(&s->hpa);
    for (size_t i = 0; i < s->response_count; i++)
        response_done(&s->responses[i]);
    free(s->responses);
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
