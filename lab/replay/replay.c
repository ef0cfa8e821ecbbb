// SPDX-License-Identifier: MIT
#include "lab/replay/replay.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "http/urltext.h"
#include "lab/replay/fetch.h"
#include "lab/replay/podview.h"
#include "lab/replay/scale.h"
#include "lab/replay/stored.h"

#include <errno.h>
#include <string.h>

#define KEY_MAX MIB

struct controlled { /* an HPA, as the controller knows it */
    const struct hpa_spec *spec;
    struct hpa *hpa;
    json_t *status;             /* as stored */
    struct selector *selecting; /* what it was seen to select; NULL: nothing */
    struct podview pods;
};

struct replay {
    const struct scenario *scenario;
    size_t next; /* step */
    struct client client;
    struct discovered discovered;
    struct podlist pods;    /* of the namespace */
    struct controlled *all; /* the scenario's HPA, then the others */
    size_t count;
};

struct evaluation { /* of one HPA; evaluation_done releases */
    struct scale scale;
    struct hpa_input in;
    struct hpa_decision decision;
    struct fetched *fetched; /* one per metric */
    struct hpa_answer *answers;
    bool rescaled;
    json_t *old_status;
};

static void evaluation_done(struct evaluation *e, const struct hpa_spec *spec)
{
    scale_done(&e->scale);
    for (size_t i = 0; e->fetched && i < spec->metric_count; i++)
        fetched_done(&e->fetched[i]);
    free(e->fetched);
    free(e->answers);
    json_decref(e->old_status);
}

/* --- Before the decision --- */

/* The names of HPAs that select one of these pods, in brackets, if it is more than one. */
static const char *find_ambiguity(struct replay *r, const json_t *pods, const char *selector)
{
    scoped(buf_done) struct buf names = {.max = KEY_MAX};
    const json_t *pod;
    size_t i, selecting = 0;

    for (size_t k = 0; k < r->count; k++) {
        const struct controlled *c = &r->all[k];
        bool selects = false;
        json_array_foreach (pods, i, pod)
            if (c->selecting && !selects)
                selects = selector_matches(
                    c->selecting, json_object_get(json_object_get(pod, "metadata"), "labels"));
        if (selects)
            (void)buf_printf(&names, "%s%s/%s", selecting++ ? " " : "", c->spec->namespace,
                             c->spec->name);
    }
    if (selecting < 2)
        return NULL;
    return texts_format(&r->client.decoder.texts,
                        "pods by selector %s are controlled by multiple HPAs: [%s]", selector,
                        names.data);
}

/* From here on others see what it selects. */
static int select_pods(struct replay *r, struct controlled *c, struct evaluation *e)
{
    int ret;

    selector_free(c->selecting);
    c->selecting = NULL;
    ret = selector_parse(e->scale.selector, &c->selecting, NULL);
    if (ret < 0)
        return ret;
    if (client_begin_key(&r->client, "", "", "v1", c->spec->namespace) < 0 ||
        client_add_segment(&r->client, "pods") < 0)
        return -ENOMEM;
    ret = podlist_read(&r->pods, book_look(r->client.book, r->client.key.data));
    if (ret == 0)
        ret = podview_select(&c->pods, &r->pods, c->selecting, e->scale.selector, c->spec);
    if (ret < 0)
        return ret;
    e->in.pods = c->pods.rows.rows;
    e->in.pod_count = c->pods.rows.count;
    e->in.ambiguous = find_ambiguity(r, c->pods.pods, e->scale.selector);
    return 0;
}

static int fetch_all(struct replay *r, struct controlled *c, struct evaluation *e)
{
    const size_t count = c->spec->metric_count;
    int ret = 0;

    e->fetched = calloc(count + 1, sizeof(*e->fetched));
    e->answers = calloc(count + 1, sizeof(*e->answers));
    if (!e->fetched || !e->answers)
        return -ENOMEM;
    for (size_t i = 0; ret == 0 && i < count; i++) {
        ret =
            fetch_metric(&r->client, &r->discovered, c->spec, i, e->scale.selector, &e->fetched[i]);
        e->answers[i] = e->fetched[i].answer;
    }
    e->in.answers = e->answers;
    return ret;
}

static int look(struct replay *r, struct controlled *c, struct evaluation *e)
{
    int ret = scale_read(&r->client, c->spec, &e->scale);

    e->in.scale_error = e->scale.error;
    e->in.spec_replicas = e->scale.spec_replicas;
    e->in.status_replicas = e->scale.status_replicas;
    e->in.selector = e->scale.selector;
    if (ret == 0 && hpa_needs_metrics(c->spec, &e->in)) {
        ret = select_pods(r, c, e);
        if (ret == 0 && !e->in.ambiguous)
            ret = fetch_all(r, c, e);
    }
    return ret;
}

/* --- After it --- */

static int status_key(struct replay *r, const struct hpa_spec *spec)
{
    struct client *c = &r->client;
    int ret = client_begin_key(c, "PUT ", "autoscaling", "v2", spec->namespace);

    if (ret == 0)
        ret = client_add_segment(c, "horizontalpodautoscalers");
    if (ret == 0)
        ret = client_add_segment(c, spec->name);
    return ret == 0 ? client_add_segment(c, "status") : ret;
}

/* Why the status could not be written, or NULL. */
static const char *put_status(struct replay *r, const struct hpa_spec *spec)
{
    if (status_key(r, spec) < 0)
        return "out of memory";
    const struct request request = {r->client.key.data, "horizontalpodautoscalers.autoscaling",
                                    spec->name};
    const struct reply reply = client_send(&r->client, &request);
    if (reply.error || !reply.answer)
        return reply.error;
    return decode_expected(&r->client.decoder, reply.answer, "autoscaling/v2",
                           "HorizontalPodAutoscaler")
        .error;
}

/* Written only when it is not what it was. After a write of the scale it never is: a success has
 * its time, and a failure turned AbleToScale from True to False in this run. */
static int keep_status(struct replay *r, struct controlled *c, struct evaluation *e,
                       uint64_t now_ns)
{
    json_t *status = hpa_status(c->spec, &e->decision, c->status, now_ns);

    if (!status)
        return -ENOMEM;
    if (!e->decision.rescale && hpa_status_same(c->status, status)) {
        json_decref(status);
        return 0;
    }
    const char *error = put_status(r, c->spec);
    if (error) {
        hpa_commit_status(c->hpa, &e->decision, error);
        json_decref(status);
        return 0;
    }
    json_decref(c->status);
    c->status = status;
    return 0;
}

static int act(struct replay *r, struct controlled *c, struct evaluation *e)
{
    const char *error = NULL;
    uint64_t waited_ns = 0;

    if (e->decision.rescale) {
        int ret = scale_write(&r->client, c->spec, &e->scale, &error, &waited_ns);
        if (ret < 0)
            return ret;
        hpa_commit(c->hpa, c->spec, &e->decision, error, e->in.now_ns + waited_ns);
        e->rescaled = !error;
    }
    return keep_status(r, c, e, e->in.now_ns + waited_ns);
}

static int evaluate(struct replay *r, struct controlled *c, uint64_t now_ns, struct evaluation *e)
{
    *e = (struct evaluation){.in.now_ns = now_ns, .old_status = json_incref(c->status)};
    int ret = look(r, c, e);

    if (ret == 0)
        ret = hpa_evaluate(c->hpa, c->spec, &e->in, &e->decision);
    return ret == 0 ? act(r, c, e) : ret;
}

/* --- What a step did --- */

static void write_event(const struct hpa_event *e, struct json_writer *w)
{
    json_write_open(w, '{');
    json_write_key(w, "type");
    json_write_text(w, e->type);
    json_write_key(w, "reason");
    json_write_text(w, e->reason);
    json_write_key(w, "message");
    json_write_text(w, e->message);
    json_write_close(w, '}');
}

static void write_events(const struct hpa_decision *d, struct json_writer *w)
{
    json_write_key(w, "events");
    json_write_open(w, '[');
    for (size_t i = 0; i < d->event_count; i++)
        write_event(&d->events[i], w);
    json_write_close(w, ']');
}

static void write_scaling(const struct replay *r, const struct evaluation *e, struct json_writer *w)
{
    const json_t *status = r->all[0].status;

    json_write_key(w, "desiredReplicas");
    json_write_integer(w, stored_count(status, "desiredReplicas"));
    json_write_key(w, "rescaled");
    json_write_bool(w, e->rescaled);
    json_write_key(w, "scaleTo");
    if (e->rescaled)
        json_write_integer(w, e->decision.desired);
    else
        json_write_value(w, NULL);
    json_write_key(w, "status");
    stored_write(status, w);
}

static int write_record(const struct controlled *c, const struct evaluation *e,
                        struct json_writer *w)
{
    json_auto_t *record = hpa_record(c->hpa, c->spec, &e->in, &e->decision, e->old_status);

    json_write_key(w, "record");
    json_write_value(w, record);
    return record ? 0 : -ENOMEM;
}

static int report(const struct replay *r, const struct step *step, const struct evaluation *e,
                  bool record, struct buf *line)
{
    struct json_writer w = json_write_begin(line);
    int ret = 0;

    json_write_open(&w, '{');
    json_write_key(&w, "name");
    json_write_value(&w, r->scenario->name);
    json_write_key(&w, "step");
    json_write_integer(&w, step - r->scenario->steps);
    json_write_key(&w, "time");
    json_write_text(&w, step->time_text);
    write_scaling(r, e, &w);
    write_events(&e->decision, &w);
    if (record)
        ret = write_record(&r->all[0], e, &w);
    json_write_close(&w, '}');
    return ret < 0 ? ret : w.result;
}

/* --- Steps --- */

static void forget(struct controlled *c)
{
    hpa_free(c->hpa);
    c->hpa = NULL;
    selector_free(c->selecting);
    c->selecting = NULL;
}

/* What a controller that starts knows of its HPAs: that they are there. */
static int start(struct replay *r)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < r->count; i++) {
        forget(&r->all[i]);
        ret = hpa_new(&r->scenario->settings, &r->all[i].hpa);
    }
    return ret;
}

static int begin(struct replay *r, const struct step *step)
{
    int ret = step->restart || !r->all[0].hpa ? start(r) : 0;

    if (step->hpa.spec)
        r->all[0].spec = step->hpa.spec;
    r->discovered = (struct discovered){0};
    return ret == 0 ? book_turn(r->client.book, step) : ret;
}

int replay_step(struct replay *r, bool record, struct buf *line)
{
    struct evaluation e = {0};
    int ret;

    if (r->next == r->scenario->step_count)
        return -ENOENT;
    const struct step *step = &r->scenario->steps[r->next++];
    ret = begin(r, step);
    texts_clear(&r->client.decoder.texts);
    if (ret == 0)
        ret = evaluate(r, &r->all[0], step->time_ns, &e);
    if (ret == 0)
        ret = report(r, step, &e, record, line);
    evaluation_done(&e, r->all[0].spec);

    for (size_t i = 1; ret == 0 && i < r->count; i++) {
        ret = evaluate(r, &r->all[i], step->time_ns, &e);
        evaluation_done(&e, r->all[i].spec);
    }
    return ret;
}

/* --- Life --- */

static int take_on(struct controlled *c, const struct autoscaled *a)
{
    c->spec = a->spec;
    c->status = stored_status(json_object_get(a->object, "status"));
    return c->status ? 0 : -ENOMEM;
}

int replay_new(const struct scenario *s, struct replay **ret)
{
    struct replay *r = calloc(1, sizeof(*r));
    int result;

    if (!r)
        return -ENOMEM;
    r->scenario = s;
    r->client.key.max = KEY_MAX;
    r->client.book = book_new();
    r->all = calloc(s->other_count + 1, sizeof(*r->all));
    result = r->client.book && r->all ? 0 : -ENOMEM;
    if (result == 0)
        result = take_on(&r->all[r->count++], &s->hpa);
    for (size_t i = 0; result == 0 && i < s->other_count; i++)
        result = take_on(&r->all[r->count++], &s->others[i]);
    if (result < 0)
        replay_free(r);
    else
        *ret = r;
    return result;
}

void replay_free(struct replay *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        forget(&r->all[i]);
        json_decref(r->all[i].status);
        podview_done(&r->all[i].pods);
    }
    free(r->all);
    podlist_done(&r->pods);
    book_free(r->client.book);
    texts_done(&r->client.decoder.texts);
    buf_done(&r->client.key);
    free(r);
}
