// SPDX-License-Identifier: MIT
#include "adapter/setup.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

struct setup {
    struct metrics_api api; /* first: it is what is counted */
    struct setup_place *place;
    struct adapter_config config;
    struct feeds feeds;
};

struct setup_place {
    struct setup_config config;
    struct metrics_api_slot slot;
    struct metrics_api nothing; /* in force before the first one */
    struct feeds no_feeds;

    pthread_mutex_t lock;    /* held while discovery is made, so that no list comes too late */
    struct setup *publisher; /* whose lists of metrics count */
};

struct setup_place *setup_place_new(const struct setup_config *config)
{
    struct setup_place *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->config = *config;
    p->nothing.feeds = &p->no_feeds;
    atomic_init(&p->nothing.refs, 1);
    p->slot.now = &p->nothing;
    pthread_mutex_init(&p->slot.lock, NULL);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void setup_place_free(struct setup_place *p)
{
    if (!p)
        return;
    metrics_api_unref(p->slot.now);
    pthread_mutex_destroy(&p->slot.lock);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

struct metrics_api_slot *setup_slot(struct setup_place *p)
{
    return &p->slot;
}

static void setup_free(struct metrics_api *api)
{
    struct setup *s = (struct setup *)api;

    rule_set_free(s->api.rules);
    feeds_done(&s->feeds);
    config_done(&s->config);
    free(s);
}

/* From a thread of the rules, too: that of the old ones may still bring a list. */
static void on_new_list(void *arg, const struct metric_list *list)
{
    struct setup *s = arg;
    int r = 0;

    pthread_mutex_lock(&s->place->lock);
    if (s->place->publisher == s)
        r = metrics_api_publish(&s->api, list);
    pthread_mutex_unlock(&s->place->lock);
    if (r < 0)
        log_error("no memory for discovery", LOG_STR("keeping", "the last documents"));
}

static struct setup *set_publisher(struct setup_place *p, struct setup *s)
{
    pthread_mutex_lock(&p->lock);
    struct setup *before = p->publisher;
    p->publisher = s;
    pthread_mutex_unlock(&p->lock);
    return before;
}

static int start_rules(struct setup *s, struct endpoint *prometheus, struct err *err)
{
    const struct rules *rules = &s->config.rules;
    const struct rule_set_config config = {.rules = rules,
                                           .prometheus = prometheus,
                                           .queries = s->place->config.queries,
                                           .lister = s->api.lister,
                                           .relist_ns = s->place->config.relist_ns,
                                           .series_max_age_ns = s->place->config.series_max_age_ns,
                                           .changed = on_new_list,
                                           .changed_arg = s};

    if (rules->warnings.len)
        log_warn("rules", LOG_STR("warnings", rules->warnings.data));
    if (rules->has_resource_rules)
        s->api.usage_rules = rules;
    if (!rules_is_empty(rules))
        return rule_set_start(&s->api.rules, &config, err);
    on_new_list(s, NULL);
    return 0;
}

static struct setup *make(struct setup_place *p, struct adapter_config *config,
                          struct object_lister lister)
{
    struct setup *s = calloc(1, sizeof(*s));

    if (!s || feeds_init(&s->feeds, config, p->config.queries) < 0) {
        free(s);
        config_done(config);
        return NULL;
    }
    s->place = p;
    s->config = *config;
    *config = (struct adapter_config){0};
    atomic_init(&s->api.refs, 1);
    s->api.free = setup_free;
    s->api.feeds = &s->feeds;
    s->api.lister = lister;
    s->api.discovery = p->config.discovery;
    return s;
}

int setup_use(struct setup_place *p, struct adapter_config *config, struct endpoint *prometheus,
              struct object_lister lister, struct err *err)
{
    struct setup *s = make(p, config, lister);

    if (!s)
        return err_set(err, -ENOMEM, "out of memory, or more than %d queries", QUERIES_MAX);
    struct setup *before = set_publisher(p, s);
    int r = start_rules(s, prometheus, err);
    if (r < 0) {
        (void)set_publisher(p, before);
        metrics_api_unref(&s->api);
        return r;
    }
    metrics_api_unref(metrics_api_exchange(&p->slot, &s->api));
    return 0;
}
