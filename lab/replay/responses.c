// SPDX-License-Identifier: MIT
#include "lab/replay/responses.h"

#include "base/err.h"
#include "lab/replay/grow.h"
#include "lab/replay/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void answer_forget(struct answer *a)
{
    json_decref(a->object);
    a->object = NULL;
    a->read = false;
}

static void answer_done(struct answer *a)
{
    free(a->error);
    free(a->own_body);
    answer_forget(a);
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
    int r = value_text(m->body, &a->own_body, &len, err);
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
    int r = value_text(m->error, &a->error, &len, err);
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
        return value_wrong(w, "an answer (an object), a list of answers or null");
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
        return value_no_memory(w->err);
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
static bool repeat(struct json_walk *w, const struct responses *before, size_t i,
                   struct response *p)
{
    const struct response *r = before && i < before->count ? &before->all[i] : NULL;

    (void)json_walk_type(w);
    const char *start = w->at;
    if (!r || strcmp(r->key, p->key) != 0 || !json_walk_again(w, r->given))
        return false;
    p->given = (struct json_text){start, r->given.len};
    p->same = r->same ? r->same : r;
    return true;
}

int responses_read(struct json_walk *w, const struct responses *before, struct responses *ret)
{
    struct json_text key;
    size_t len;
    int r = value_enter_object(w);

    if (r <= 0)
        return r;
    r = 0;
    while (r == 0 && json_walk_member(w, &key)) {
        if (grow(&ret->all, ret->count, sizeof(*ret->all)) < 0)
            return value_no_memory(w->err);
        struct response *p = &ret->all[ret->count++];
        r = value_text(key, &p->key, &len, w->err);
        if (r == 0 && !repeat(w, before, ret->count - 1, p))
            r = read_answers(w, p);
        if (r < 0)
            return err_wrap(w->err, r, "%.200s", p->key ? p->key : "a key");
    }
    return r < 0 ? r : w->result;
}

static void response_done(struct response *p)
{
    free(p->key);
    for (size_t i = 0; i < p->count; i++)
        answer_done(&p->answers[i]);
    free(p->answers);
}

void responses_done(struct responses *r)
{
    for (size_t i = 0; i < r->count; i++)
        response_done(&r->all[i]);
    free(r->all);
}
