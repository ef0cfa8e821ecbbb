// SPDX-License-Identifier: MIT
#include "adapter/commands.h"

#include "adapter/config.h"
#include "adapter/explain.h"
#include "adapter/rules/connection.h"
#include "adapter/rules/metric_list.h"
#include "adapter/rules/query_text.h"
#include "adapter/rules/series.h"
#include "adapter/sources/prometheus.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "kube/selector.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 9 /* of the words at the left */
#define LISTED_MAX 200

struct options {
    const char *config_file, *metric, *namespace, *selector, *object;
    struct connection_options prometheus;
};

static const struct opt opts[] = {
    {"config", OPT_STRING, offsetof(struct options, config_file), NULL,
     "The configuration file. Needed."},
    {"metric", OPT_STRING, offsetof(struct options, metric), NULL,
     "The metric, as an HPA names it; without one all that the rules make are listed."},
    {"namespace", OPT_STRING, offsetof(struct options, namespace), "default",
     "The HPA's namespace."},
    {"selector", OPT_STRING, offsetof(struct options, selector), "",
     "The HPA's metric selector, queue=jobs."},
    {"object", OPT_STRING, offsetof(struct options, object), NULL,
     "RESOURCE/NAME, such as pods/web-1: reads a custom metric of that object."},
};
static const struct opt_part parts[] = {{&connection_opts, offsetof(struct options, prometheus)}};
static const struct opt_table table = {
    .program = "swell-adapter explain",
    .summary = "reads a metric once, from its rule to what an HPA gets, and prints each step",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = config_help,
};

struct explainer { /* {0} is ready; explainer_done releases what is there */
    struct options options;
    struct adapter_config config;
    struct endpoint *prometheus;
    struct http_client *http;
    struct selector *selector;
    struct metric_list *list;
    struct samples **series; /* of the custom rules, then of the external ones */
    size_t series_count;
};

static void explainer_done(struct explainer *e)
{
    for (size_t i = 0; i < e->series_count; i++)
        samples_unref(e->series[i]);
    free(e->series);
    metric_list_unref(e->list);
    selector_free(e->selector);
    endpoint_unref(e->prometheus);
    config_done(&e->config);
    connection_options_done(&e->options.prometheus);
    http_client_free(e->http);
    http_client_teardown();
}

static void say(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const char *what, const char *format, ...)
{
    va_list args;

    (void)printf("%-*s ", LABEL_WIDTH, what);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

/* ---- values ---- */

static void print_sample(const struct sample *s, uint64_t asked_wall_ns)
{
    char value[QUANTITY_TEXT_MAX], when[CLOCK_TEXT_MAX], age[CLOCK_TEXT_MAX];
    uint64_t now_ns = clock_wall_ns();
    uint64_t measured_ns = s->measured_wall_ns ? s->measured_wall_ns : asked_wall_ns;
    uint64_t age_ns = now_ns > measured_ns ? now_ns - measured_ns : 0;

    (void)printf("%-*s ", LABEL_WIDTH, "value");
    for (size_t i = 0; i < s->label_count; i++)
        (void)printf("%s%s=\"%s\"%s", i ? "," : "{", s->labels[i].name, s->labels[i].value,
                     i + 1 == s->label_count ? "} " : "");
    if (s->fault)
        (void)printf("%s: an error\n", s->fault);
    else
        (void)printf("%s, measured %s, %s old\n", quantity_format(s->value_milli, value),
                     clock_rfc3339(measured_ns, when),
                     clock_duration(age_ns / NS_PER_MS * NS_PER_MS, age));
}

/* What the HPA makes of the values of an external metric. Returns an exit code. */
static int print_sum(const struct samples *samples)
{
    char value[QUANTITY_TEXT_MAX];
    int64_t sum = 0;

    if (samples_count(samples) == 0) {
        say("HPA gets", "an error: no value, which is not zero");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct sample *s = samples_at(samples, i);
        if (s->fault || __builtin_add_overflow(sum, s->value_milli, &sum)) {
            say("HPA gets", "an error: a value is %s", s->fault ? s->fault : "too large");
            return EXIT_FAILURE;
        }
    }
    say("HPA gets", "%s%s", quantity_format(sum, value),
        samples_count(samples) > 1 ? " (it adds up all values)" : "");
    return EXIT_SUCCESS;
}

/* namespace_label NULL: they are all of one namespace. */
static int print_object_value(const struct samples *samples, const char *label, const char *name,
                              const char *namespace_label, const char *namespace)
{
    char value[QUANTITY_TEXT_MAX];
    const struct sample *found = NULL;
    size_t rows = 0;

    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct sample *s = samples_at(samples, i);
        const char *is = sample_label(s, label);
        const char *in = namespace_label ? sample_label(s, namespace_label) : namespace;
        if (is && in && strcmp(is, name) == 0 && strcmp(in, namespace) == 0) {
            found = s;
            rows++;
        }
    }
    if (rows != 1 || found->fault) {
        say("HPA gets", "an error: %s",
            rows > 1    ? "several series for one object"
            : rows == 0 ? "no series whose label is the object's name"
                        : found->fault);
        return EXIT_FAILURE;
    }
    say("HPA gets", "%s", quantity_format(found->value_milli, value));
    return EXIT_SUCCESS;
}

/* ---- asking ---- */

static void show_answer(void *arg, int status, const struct buf *body)
{
    (void)arg;
    say("answer", "%d, %zu bytes: %.*s%s", status, body->len,
        (int)(body->len < 2000 ? body->len : 2000), body->data ? body->data : "",
        body->len > 2000 ? "..." : "");
}

/* Asks a source once and prints what it says. New in *ret. */
static int ask(struct explainer *e, const struct source *source, bool shows_answer,
               struct samples **ret)
{
    struct err err = {0};
    uint64_t started_ns = clock_mono_ns();
    char took[CLOCK_TEXT_MAX];

    int r = explain_ask(e->http, source, shows_answer ? show_answer : NULL, NULL, ret, &err);
    if (r < 0)
        say("failure", "%s %s (after %s)", source->shown_as, err.text,
            clock_duration((clock_mono_ns() - started_ns) / NS_PER_MS * NS_PER_MS, took));
    return r;
}

static int ask_query(struct explainer *e, const struct rule *rule, const struct query_input *in,
                     struct samples **ret)
{
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
    uint64_t asked_wall_ns = clock_wall_ns();
    struct err err = {0};

    say("rule", "%s, series %s of %s", rule->shown_as, in->series, rule->series_query);
    int r = query_text(rule->query, in, &text, &err);
    if (r < 0) {
        say("failure", "%s", err.text);
        return r;
    }
    say("query", "%s", text.data);
    struct source *source = prometheus_source_new(e->prometheus, text.data);
    r = source ? ask(e, source, true, ret) : -ENOMEM;
    source_unref(source);
    for (size_t i = 0; r == 0 && i < samples_count(*ret); i++)
        print_sample(samples_at(*ret, i), asked_wall_ns);
    return r;
}

/* ---- the list of metrics ---- */

static int ask_series(struct explainer *e, const struct rule *rule, struct samples **ret)
{
    struct source *source =
        series_source_new(e->prometheus, rule->series_query, e->options.prometheus.max_age_ns);
    int r = source ? ask(e, source, false, ret) : -ENOMEM;

    source_unref(source);
    if (r == 0)
        say("series", "%s: %zu kinds of series for %s", rule->shown_as, samples_count(*ret),
            rule->series_query);
    return r == -ENOMEM ? r : 0; /* that rule alone */
}

static int make_list(struct explainer *e)
{
    const struct rules *rules = &e->config.rules;
    size_t count = rules->custom_count + rules->external_count;
    int r = 0;

    e->series = calloc(count + 1, sizeof(struct samples *));
    if (!e->series)
        return -ENOMEM;
    e->series_count = count;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = ask_series(e,
                       i < rules->custom_count ? &rules->custom[i]
                                               : &rules->external[i - rules->custom_count],
                       &e->series[i]);
    e->list = r == 0 ? series_to_metrics(rules, e->series, catalogue_new()) : NULL;
    return e->list ? 0 : -ENOMEM;
}

static int print_list(const struct explainer *e)
{
    for (size_t i = 0; i < e->list->object_count && i < LISTED_MAX; i++) {
        const struct object_metric *m = &e->list->objects[i];
        say("custom", "%s of %s%s%s: %s, series %s, label %s", m->name, m->resource->plural,
            *m->resource->group ? "." : "", m->resource->group, m->rule->shown_as, m->series,
            m->label);
    }
    for (size_t i = 0; i < e->list->external_count && i < LISTED_MAX; i++)
        say("external", "%s: %s, series %s", e->list->externals[i].name,
            e->list->externals[i].rule->shown_as, e->list->externals[i].series);
    for (size_t i = 0; i < e->config.custom.count && i < LISTED_MAX; i++)
        say("custom", "%s of %s: %s", e->config.custom.items[i].name,
            e->config.custom.items[i].resource.plural,
            e->config.custom.items[i].query.source->shown_as);
    for (size_t i = 0; i < e->config.count && i < LISTED_MAX; i++)
        say("external", "%s: %s", e->config.metrics[i].shown_as,
            e->config.metrics[i].query.source->shown_as);
    say("in all", "%zu of objects, %zu external", e->list->object_count + e->config.custom.count,
        e->list->external_count + e->config.count);
    return EXIT_SUCCESS;
}

/* ---- one metric ---- */

static int explain_external(struct explainer *e, const struct external_rule_metric *m)
{
    const struct query_input in = {.series = m->series,
                                   .selector = e->selector,
                                   .namespace_label = m->namespace_label,
                                   .namespace = m->namespace_label ? e->options.namespace : NULL};
    struct samples *samples = NULL;
    int r = ask_query(e, m->rule, &in, &samples);
    int code = r == 0 ? print_sum(samples) : EXIT_FAILURE;

    samples_unref(samples);
    return code;
}

static int explain_object(struct explainer *e, const struct object_metric *m, const char *name)
{
    const struct query_input in = {.series = m->series,
                                   .selector = e->selector,
                                   .namespace_label = m->namespace_label,
                                   .namespace = m->namespace_label ? e->options.namespace : NULL,
                                   .object_label = m->label,
                                   .names = &name,
                                   .name_count = 1};
    struct samples *samples = NULL;
    int r = ask_query(e, m->rule, &in, &samples);
    int code = r == 0 ? print_object_value(samples, m->label, name, NULL, e->options.namespace)
                      : EXIT_FAILURE;

    samples_unref(samples);
    return code;
}

static int explain_configured(struct explainer *e, const struct external_metric *m)
{
    struct samples *samples = NULL, *combined = NULL;
    uint64_t asked_wall_ns = clock_wall_ns();
    struct err err = {0};
    int code = EXIT_FAILURE;

    say("metric", "%s from %s", m->shown_as, m->query.source->shown_as);
    if (ask(e, m->query.source, true, &samples) == 0) {
        for (size_t i = 0; i < samples_count(samples); i++)
            print_sample(samples_at(samples, i), asked_wall_ns);
        if (samples_combine(samples, &m->query.combining, &combined, &err) == 0)
            code = print_sum(combined);
        else
            say("HPA gets", "an error: %s %s", m->query.source->shown_as, err.text);
    }
    samples_unref(samples);
    samples_unref(combined);
    return code;
}

static int not_there(const struct explainer *e)
{
    say("HPA gets", "an error: there is no metric %s%s%s", e->options.metric,
        e->options.object ? " of " : "", e->options.object ? e->options.object : "");
    return EXIT_FAILURE;
}

/* The samples that are of no other namespace than the one that is asked for. */
static int explain_configured_object(struct explainer *e, const struct custom_metric *m,
                                     const char *name)
{
    struct samples *samples = NULL;
    uint64_t asked_wall_ns = clock_wall_ns();
    int code = EXIT_FAILURE;

    say("metric", "%s of %s from %s", m->name, m->resource.plural, m->query.source->shown_as);
    if (ask(e, m->query.source, true, &samples) == 0) {
        for (size_t i = 0; i < samples_count(samples); i++)
            print_sample(samples_at(samples, i), asked_wall_ns);
        code = print_object_value(samples, m->object_label, name, m->namespace_label,
                                  e->options.namespace);
    }
    samples_unref(samples);
    return code;
}

static const struct custom_metric *find_configured(const struct explainer *e, const char *resource)
{
    for (size_t i = 0; i < e->config.custom.count; i++) {
        const struct custom_metric *m = &e->config.custom.items[i];
        bool is_there = !m->namespace || strcmp(m->namespace, e->options.namespace) == 0;
        if (is_there && strcmp(m->name, e->options.metric) == 0 && custom_metric_is_of(m, resource))
            return m;
    }
    return NULL;
}

static int explain_custom_metric(struct explainer *e)
{
    char resource[256] = "";
    const char *slash = strchr(e->options.object, '/');

    if (!slash || !slash[1] || (size_t)(slash - e->options.object) >= sizeof(resource))
        return not_there(e);
    memcpy(resource, e->options.object, (size_t)(slash - e->options.object));
    const struct custom_metric *configured = find_configured(e, resource);
    if (configured)
        return explain_configured_object(e, configured, slash + 1);
    const struct resource *r = catalogue_find_path(e->list->catalogue, resource);
    const struct object_metric *m = r ? metric_list_object(e->list, e->options.metric, r) : NULL;
    return m ? explain_object(e, m, slash + 1) : not_there(e);
}

static int explain_external_metric(struct explainer *e)
{
    const struct options *o = &e->options;
    int code = -1;

    for (size_t i = 0; i < e->config.count; i++) {
        const struct external_metric *m = &e->config.metrics[i];
        bool is_there = !m->namespace || strcmp(m->namespace, o->namespace) == 0;
        if (is_there && strcmp(m->name, o->metric) == 0)
            code = explain_configured(e, m);
    }
    if (code >= 0)
        return code;
    const struct external_rule_metric *m = metric_list_external(e->list, o->metric);
    return m ? explain_external(e, m) : not_there(e);
}

static int explain(struct explainer *e)
{
    if (make_list(e) < 0)
        return EXIT_FAILURE;
    if (!e->options.metric)
        return print_list(e);
    return e->options.object ? explain_custom_metric(e) : explain_external_metric(e);
}

static int read_settings(struct explainer *e, int argc, char **argv, struct err *err)
{
    struct options *o = &e->options;
    int r = options_parse(&table, argc, argv, o, err);

    if (r >= 0 && !o->config_file)
        r = err_set(err, -EINVAL, "--config=FILE is missing; see '%s --help'", table.program);
    if (r >= 0)
        r = selector_parse(o->selector, &e->selector, err);
    if (r >= 0)
        r = config_read_file(o->config_file, &e->config, err);
    if (r >= 0)
        r = connection_choose(&o->prometheus, &e->config, o->config_file, &e->prometheus, err);
    return r;
}

int adapter_explain(int argc, char **argv)
{
    scoped(explainer_done) struct explainer e = {0};
    struct err err = {0};

    json_object_seed(0);
    int r = http_client_setup();
    if (r == 0)
        r = read_settings(&e, argc, argv, &err);
    if (r >= 0)
        e.http = http_client_new();
    if (r >= 0 && !e.http)
        r = err_set(&err, -ENOMEM, "out of memory");
    return r < 0 ? command_refuse(table.program, r, &err) : explain(&e);
}
