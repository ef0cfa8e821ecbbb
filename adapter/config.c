// SPDX-License-Identifier: MIT
#include "adapter/config.h"

#include "adapter/config_fields.h"
#include "adapter/rules/connection.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST "externalMetrics"
#define SHOWN_MAX_BYTES (16 * KIB)

/* What a selector can match is what Kubernetes takes as a label, so selector.h is the judge. */
static int check_label(const struct strict *s, const char *path, const char *key,
                       const json_t *value)
{
    struct selector *selector = NULL;
    struct err why = {0};
    char at[STRICT_PATH_MAX];

    (void)snprintf(at, sizeof(at), "%.100s[\"%.330s\"]", path, key);
    if (!json_is_string(value))
        return strict_refuse(s, at, "%s.%.100s takes a text: put it in quotes", path, key);

    json_auto_t *match = json_pack("{s:{s:s}}", "matchLabels", key, json_string_value(value));
    if (!match)
        return err_set(s->err, -ENOMEM, "out of memory");
    if (selector_from_json(match, &selector, &why) < 0)
        return strict_refuse(s, at, "%s: %s", path, why.text);
    selector_free(selector);
    return 0;
}

static int read_labels(const struct strict *s, const json_t *entry, const char *path,
                       struct external_metric *m)
{
    json_t *labels = json_object_get(entry, "labels"), *value;
    char at[STRICT_PATH_MAX];
    const char *key;
    int r = 0;

    strict_path(at, path, "labels");
    if (labels && (!json_is_object(labels) || json_object_size(labels) > CONFIG_LABELS_MAX))
        return strict_refuse(s, at, "%s takes a mapping of at most %d labels", at,
                             CONFIG_LABELS_MAX);
    json_object_foreach (labels, key, value) {
        r = check_label(s, at, key, value);
        if (r < 0)
            return r;
    }
    if (json_object_size(labels) == 0)
        return 0;
    m->labels = json_deep_copy(labels);
    return m->labels ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int read_combining(const struct strict *s, const json_t *entry, const char *path,
                          struct combining *c)
{
    int how = c->how;

    c->empty_is_value = json_object_get(entry, "onEmpty");
    int r = strict_quantity(s, entry, path, "onEmpty", 0, INT64_MAX, &c->on_empty_milli);
    if (r == 0)
        r = strict_choice(s, entry, path, "combine", combine_names, &how);
    c->how = (enum combine)how;
    return r;
}

/* name and its labels; marks: before the first label, around its value, after the last. */
static char *join_labels(const char *name, const json_t *labels, const char *const marks[4])
{
    struct buf text = {.max = SHOWN_MAX_BYTES};
    const char *key, *separator = marks[0];
    json_t *value;

    int r = buf_puts(&text, name);
    json_object_foreach ((json_t *)(uintptr_t)labels, key, value) {
        r |= buf_printf(&text, "%s%s%s%s%s", separator, key, marks[1], json_string_value(value),
                        marks[2]);
        separator = ",";
    }
    if (json_object_size(labels))
        r |= buf_puts(&text, marks[3]);
    char *joined = r == 0 ? strdup(text.data) : NULL; /* without the room to grow */
    buf_done(&text);
    return joined;
}

static int keep_texts(const struct strict *s, struct external_metric *m, const char *name,
                      const char *namespace)
{
    static const char *const as_series[] = {"{", "=\"", "\"", "}"};
    static const char *const as_selector[] = {"", "=", "", ""};

    m->name = strdup(name);
    m->namespace = namespace ? strdup(namespace) : NULL;
    m->shown_as = join_labels(name, m->labels, as_series);
    m->label_text = join_labels("", m->labels, as_selector);
    if (!m->name || !m->shown_as || !m->label_text || (namespace && !m->namespace))
        return err_set(s->err, -ENOMEM, "out of memory");
    return 0;
}

static int read_metric(const struct strict *s, const json_t *entry, const char *path,
                       struct external_metric *m)
{
    static const struct strict_member members[] = {
        {"name", true},      {"namespace", false}, {"labels", false},
        {"source", true},    {"combine", false},   {"onEmpty", false},
        {"interval", false}, {"maxAge", false},    {0}};
    const char *name = NULL, *namespace = NULL;
    char at[STRICT_PATH_MAX];

    int r = strict_mapping(s, entry, path, members);
    if (r == 0)
        r = config_read_name(s, entry, path, &name);
    if (r == 0)
        r = config_read_namespace(s, entry, path, &namespace);
    if (r == 0)
        r = read_labels(s, entry, path, m);
    if (r == 0)
        r = source_read_config(s, json_object_get(entry, "source"), strict_path(at, path, "source"),
                               &m->query.source);
    if (r == 0)
        r = read_combining(s, entry, path, &m->query.combining);
    if (r == 0)
        r = config_read_times(s, entry, path, &m->query, &m->max_age_ns);
    return r == 0 ? keep_texts(s, m, name, namespace) : r;
}

static bool same_labels(const struct external_metric *a, const struct external_metric *b)
{
    return (!a->labels && !b->labels) || json_equal(a->labels, b->labels);
}

static bool overlap(const struct external_metric *a, const struct external_metric *b)
{
    return strcmp(a->name, b->name) == 0 && same_labels(a, b) &&
           (!a->namespace || !b->namespace || strcmp(a->namespace, b->namespace) == 0);
}

/* The HPA adds up all that matches, so the same metric twice would count twice. */
static int refuse_twins(const struct strict *s, const struct adapter_config *c, size_t last)
{
    char at[STRICT_PATH_MAX], first[STRICT_PATH_MAX];

    for (size_t i = 0; i < last; i++) {
        if (!overlap(&c->metrics[i], &c->metrics[last]))
            continue;
        (void)snprintf(at, sizeof(at), LIST "[%zu]", last);
        (void)snprintf(first, sizeof(first), LIST "[%zu]", i);
        return strict_refuse(s, at,
                             "%.200s is there twice (the first is on line %u): an HPA would count "
                             "it double",
                             c->metrics[last].shown_as, yaml_line(s->file, s->document, first));
    }
    return 0;
}

static int read_metrics(const struct strict *s, const json_t *list, struct adapter_config *c)
{
    char path[STRICT_PATH_MAX];
    int r = 0;

    if (!list)
        return 0;
    if (!json_is_array(list))
        return strict_refuse(s, LIST, LIST " takes a list");
    if (json_array_size(list) > CONFIG_METRICS_MAX)
        return strict_refuse(s, LIST, LIST " takes at most %d metrics", CONFIG_METRICS_MAX);

    c->metrics = calloc(json_array_size(list) + 1, sizeof(*c->metrics));
    if (!c->metrics)
        return err_set(s->err, -ENOMEM, "out of memory");
    while (r == 0 && c->count < json_array_size(list)) {
        size_t i = c->count++;
        (void)snprintf(path, sizeof(path), LIST "[%zu]", i);
        r = read_metric(s, json_array_get(list, i), path, &c->metrics[i]);
        if (r == 0)
            r = refuse_twins(s, c, i);
    }
    return r;
}

static int read_document(const struct yaml_file *file, struct adapter_config *c, struct err *err)
{
    static const struct strict_member members[] = {{LIST, false},
                                                   {"customMetrics", false},
                                                   {"usage", false},
                                                   {"prometheus", false},
                                                   {"rules", false},
                                                   {"externalRules", false},
                                                   {"resourceRules", false},
                                                   {"passThrough", false},
                                                   {0}};
    const struct strict s = {.file = file, .err = err};

    if (yaml_count(file) != 1)
        return err_set(err, -EINVAL, "%s:1: holds %zu YAML documents; one is needed",
                       yaml_name(file), yaml_count(file));
    const json_t *document = yaml_document(file, 0);
    int r = strict_mapping(&s, document, "", members);
    if (r == 0)
        r = read_metrics(&s, json_object_get(document, LIST), c);
    if (r == 0)
        r = custom_metrics_read(&s, document, &c->custom);
    if (r == 0)
        r = usage_feed_read_config(&s, document, &c->usage);
    if (r == 0)
        r = connection_read_config(&s, document, &c->prometheus);
    if (r == 0)
        r = rules_read(&s, document, &c->rules);
    if (r == 0)
        r = pass_throughs_read(&s, document, &c->pass_throughs);
    if (r == 0 && json_object_size(document) == 0)
        return strict_refuse(&s, "", "the file configures no metric");
    return r;
}

/* Takes file. */
static int read_and_free(struct yaml_file *file, struct adapter_config *ret, struct err *err)
{
    struct adapter_config c = {0};
    int r = read_document(file, &c, err);

    yaml_file_free(file);
    if (r == 0)
        *ret = c;
    else
        config_done(&c);
    return r;
}

int config_read_file(const char *path, struct adapter_config *ret, struct err *err)
{
    struct yaml_file *file = NULL;
    int r = yaml_read_file(path, &file, err);

    return r == 0 ? read_and_free(file, ret, err) : r;
}

int config_parse(const char *name, const char *text, size_t len, struct adapter_config *ret,
                 struct err *err)
{
    struct yaml_file *file = NULL;
    int r = yaml_parse(name, text, len, &file, err);

    return r == 0 ? read_and_free(file, ret, err) : r;
}

void config_done(struct adapter_config *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct external_metric *m = &c->metrics[i];
        free(m->name);
        free(m->namespace);
        free(m->shown_as);
        free(m->label_text);
        json_decref(m->labels);
        source_unref(m->query.source);
    }
    free(c->metrics);
    custom_metrics_done(&c->custom);
    usage_feed_done(&c->usage);
    endpoint_unref(c->prometheus);
    rules_done(&c->rules);
    pass_throughs_done(&c->pass_throughs);
    *c = (struct adapter_config){0};
}

bool config_finds_pods(const struct adapter_config *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->metrics[i].query.source->kind->finds_pods)
            return true;
    return false;
}

void config_print(const struct adapter_config *c, FILE *out)
{
    char interval[CLOCK_TEXT_MAX], age[CLOCK_TEXT_MAX];

    for (size_t i = 0; i < c->count; i++) {
        const struct external_metric *m = &c->metrics[i];
        (void)fprintf(out, "%s in %s: %s every %s, at most %s old\n", m->shown_as,
                      m->namespace ? m->namespace : "every namespace", m->query.source->shown_as,
                      clock_duration(m->query.interval_ns, interval),
                      clock_duration(m->max_age_ns, age));
    }
    custom_metrics_print(&c->custom, out);
    usage_feed_print(&c->usage, out);
    rules_print(&c->rules, out);
    pass_throughs_print(&c->pass_throughs, out);
}

void config_help(FILE *out)
{
    (void)fputs(
        "\nConfiguration (YAML; unknown fields are refused):\n"
        "  externalMetrics:            at most 1000\n"
        "  - name: queue_depth         lower-case letters, digits and . _ : -\n"
        "    namespace: default        only served there; absent: in every namespace\n"
        "    labels: {queue: jobs}     what an HPA's metric selector is matched against\n"
        "    combine: one              what several values become: one (several are an\n"
        "                              error), each (an item for each, with its labels),\n"
        "                              sum, average, max, min; default one\n"
        "    onEmpty: 0                what it means that there is no value at all; absent:\n"
        "                              an error\n"
        "    interval: 5s              100ms to 1h; default 5s. While the source fails the\n"
        "                              wait doubles, up to 8 intervals but no more than 1m\n"
        "    maxAge: 60s               an older value is an error; at least interval +\n"
        "                              timeout, at most 24h; default 60s\n"
        "    source:                   one of:\n",
        out);
    source_help(out);
    custom_metrics_help(out);
    usage_feed_help(out);
    connection_help(out);
    rules_help(out);
    pass_throughs_help(out);
}
