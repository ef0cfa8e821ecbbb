// SPDX-License-Identifier: MIT
/* What a decision record says about time: which earlier recommendations stand in the windows, and
 * how much of the policies' budgets is used up, until when. */
#include "lab/hpa/object.h"
#include "lab/hpa/record.h"
#include "lab/hpa/wrap.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- windows ---- */

struct window {
    uint64_t now_ns, length_ns;
    bool end_inside; /* without behavior */
    enum hpa_held direction;
};

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static int64_t age_of(const struct recommendation *r, uint64_t now_ns)
{
    return (int64_t)(now_ns - r->time_ns);
}

static bool is_inside(const struct window *w, const struct recommendation *r)
{
    const int64_t age = age_of(r, w->now_ns);

    return w->end_inside ? age <= (int64_t)w->length_ns : age < (int64_t)w->length_ns;
}

static int youngest_first(const void *a, const void *b)
{
    const struct recommendation *x = a, *y = b;

    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? 1 : -1;
    return (x->value < y->value) - (x->value > y->value); /* the first two have one time */
}

/* Copies the recommendations that came before this run's, which is one of those at its time: at
 * the very first evaluation the size that was found stands there too. Returns how many. */
static size_t earlier(const struct recommendations *r, const struct hpa_decision *d,
                      struct recommendation *ret)
{
    bool own_left_out = false;
    size_t count = 0;

    for (size_t i = r->count; i-- > 0;) {
        const struct recommendation *e = &r->all[i];
        if (!own_left_out && e->time_ns == d->now_ns && e->value == d->recommendation)
            own_left_out = true;
        else
            ret[count++] = *e;
    }
    qsort(ret, count, sizeof(*ret), youngest_first);
    return count;
}

static json_t *recommendation_record(const struct window *w, const struct recommendation *r,
                                     const struct hpa_decision *d)
{
    const int64_t age = age_of(r, w->now_ns);
    const bool holds =
        d->held == w->direction && r->value == d->held_value && age == (int64_t)d->held_age_ns;

    return json_pack("{s:i, s:f, s:f, s:b}", "value", (int)r->value, "ageSeconds", seconds(age),
                     "leavesInSeconds", seconds((int64_t)w->length_ns - age), "holds", (int)holds);
}

static json_t *window_record(const struct window *w, const struct recommendation *all, size_t count,
                             const struct hpa_decision *d)
{
    json_t *inside = json_array();
    int32_t bound = d->recommendation;
    struct object o = object_begin();

    for (size_t i = 0; i < count; i++) {
        if (!is_inside(w, &all[i]))
            continue;
        if (w->direction == HPA_HELD_UP ? all[i].value < bound : all[i].value > bound)
            bound = all[i].value;
        list_append(&inside, recommendation_record(w, &all[i], d));
    }
    object_real(&o, "seconds", seconds((int64_t)w->length_ns));
    object_int(&o, w->direction == HPA_HELD_UP ? "lowest" : "highest", bound);
    object_put(&o, "recommendations", inside);
    return o.json;
}

json_t *record_stabilisation(const struct hpa *hpa, const struct hpa_spec *spec,
                             const struct hpa_decision *d)
{
    struct recommendation *all = calloc(hpa->recommendations.count + 1, sizeof(*all));
    struct window down = {d->now_ns, state_down_window_ns(hpa, spec), !spec->has_behavior,
                          HPA_HELD_DOWN};
    struct object o = object_begin();

    if (!all)
        object_fail(&o);
    const size_t count = all ? earlier(&hpa->recommendations, d, all) : 0;
    if (spec->has_behavior) {
        struct window up = {d->now_ns, state_up_window_ns(spec), false, HPA_HELD_UP};
        object_put(&o, "up", window_record(&up, all, count, d));
    }
    object_put(&o, "down", window_record(&down, all, count, d));
    if (d->held != HPA_NOT_HELD)
        object_text(&o, "held", d->held == HPA_HELD_UP ? "up" : "down");
    object_int(&o, "result", d->stabilised);
    free(all);
    return o.json;
}

/* ---- policies ---- */

struct seen { /* what the policies looked back on */
    struct changes up, down;
    int32_t current;
    uint64_t now_ns;
};

static int oldest_first(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int seen_init(struct seen *s, const struct hpa *hpa, const struct hpa_decision *d)
{
    *s = (struct seen){.current = d->current, .now_ns = d->now_ns};
    int r = changes_seen(&hpa->up, d->now_ns, &s->up);

    if (r == 0)
        r = changes_seen(&hpa->down, d->now_ns, &s->down);
    if (r < 0)
        return r;
    qsort(s->up.all, s->up.count, sizeof(*s->up.all), oldest_first);
    qsort(s->down.all, s->down.count, sizeof(*s->down.all), oldest_first);
    return 0;
}

static void seen_done(struct seen *s)
{
    changes_done(&s->up);
    changes_done(&s->down);
}

/* A change gives back what it used when it gets too old for the policy. */
static json_t *returns_record(const struct changes *c, int32_t period_s, uint64_t now_ns)
{
    const int64_t period_ns = (int64_t)period_s * (int64_t)NS_PER_S;
    json_t *all = json_array();

    for (size_t i = 0; i < c->count; i++) {
        const int64_t left_ns = (int64_t)c->all[i].time_ns + period_ns - (int64_t)now_ns;
        if (left_ns > 0 && c->all[i].replicas != 0)
            list_append(&all, json_pack("{s:i, s:f}", "replicas", (int)c->all[i].replicas,
                                        "inSeconds", seconds(left_ns)));
    }
    return all;
}

static const char *policy_type(const struct hpa_policy *p)
{
    static const char *const texts[] = {
        [HPA_POLICY_PODS] = "Pods", [HPA_POLICY_PERCENT] = "Percent", [HPA_POLICY_UNKNOWN] = ""};

    return texts[p->type];
}

static json_t *policy_record(const struct hpa_policy *p, const struct seen *s, bool up)
{
    const int32_t start = policy_start(p, &s->up, &s->down, s->current, s->now_ns);
    struct object o = object_begin();

    object_text(&o, "type", policy_type(p));
    object_int(&o, "value", p->value);
    object_int(&o, "periodSeconds", p->period_s);
    object_int(&o, "start", start);
    object_int(&o, "limit", policy_limit(p, start, up));
    object_int(&o, "used", up ? wrap_sub32(s->current, start) : wrap_sub32(start, s->current));
    object_put(&o, "comesBack", returns_record(up ? &s->up : &s->down, p->period_s, s->now_ns));
    return o.json;
}

static json_t *rules_record(const struct hpa_rules *rules, const struct seen *s, bool up)
{
    static const char *const selects[] = {
        [HPA_SELECT_MAX] = "Max", [HPA_SELECT_MIN] = "Min", [HPA_SELECT_DISABLED] = "Disabled"};
    json_t *policies = json_array();
    struct object o = object_begin();

    for (size_t i = 0; i < rules->policy_count; i++)
        list_append(&policies, policy_record(&rules->policies[i], s, up));
    object_text(&o, "select", selects[rules->select]);
    object_put(&o, "policies", policies);
    object_int(&o, "bound", rules_limit(rules, &s->up, &s->down, s->current, up, s->now_ns));
    return o.json;
}

static void put_policies(struct object *o, const struct hpa *hpa, const struct hpa_spec *spec,
                         const struct hpa_decision *d)
{
    struct seen s;

    if (seen_init(&s, hpa, d) < 0) {
        object_fail(o);
    } else {
        object_put(o, "up", rules_record(&spec->up, &s, true));
        object_put(o, "down", rules_record(&spec->down, &s, false));
    }
    seen_done(&s);
}

json_t *record_limit(const struct hpa *hpa, const struct hpa_spec *spec,
                     const struct hpa_decision *d)
{
    struct object o = object_begin();

    if (spec->has_behavior)
        put_policies(&o, hpa, spec, d);
    else
        object_int(&o, "step", limit_legacy_step(d->current));
    object_text(&o, "reason", d->limit.reason);
    object_int(&o, "result", d->desired);
    return o.json;
}
