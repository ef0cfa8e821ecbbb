// SPDX-License-Identifier: MIT
/* Rules from a YAML text: what they make of some series, and the queries for those metrics. */
#include "adapter/rules/metric_list.h"
#include "adapter/rules/query_text.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const labels[] = {"container", "job", "kube_pod", "namespace", "pod"};
static const struct series_shape shapes[] = {{"container_cpu_seconds_total", labels, 5},
                                             {"http_requests_total", labels + 3, 2},
                                             {"queue:depth", NULL, 0}};
static const char *const names[] = {"web-1", "we\"b\\.2"};

static void ask(const struct template *query, struct query_input in)
{
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
    struct err err = {0};

    int r = query_text(query, &in, &text, &err);
    if (r < 0 && r != -ENOMEM && !*err.text) /* every refusal says why */
        abort();
}

static void ask_all(const struct metric_list *list, const struct selector *selector)
{
    for (size_t i = 0; i < list->object_count; i++) {
        const struct object_metric *m = &list->objects[i];
        ask(m->rule->query, (struct query_input){.series = m->series,
                                                 .selector = selector,
                                                 .namespace_label = m->namespace_label,
                                                 .namespace = m->namespace_label ? "shop" : NULL,
                                                 .object_label = m->label,
                                                 .names = names,
                                                 .name_count = 1 + i % 2});
        if (metric_list_object(list, m->name, m->resource) != m)
            abort();
    }
    for (size_t i = 0; i < list->external_count; i++)
        ask(list->externals[i].rule->query,
            (struct query_input){.series = list->externals[i].series, .selector = selector});
}

static void use(const struct rules *rules)
{
    struct shapes of_each[RULES_MAX * 2];
    struct selector *selector = NULL;

    for (size_t i = 0; i < RULES_MAX * 2; i++)
        of_each[i] = (struct shapes){shapes, ARRAY_LEN(shapes)};
    if (selector_parse("queue in (b,a),!x,y", &selector, NULL) < 0)
        return;
    struct metric_list *list = metric_list_new(rules, catalogue_new(), of_each, of_each);
    if (list)
        ask_all(list, selector);
    metric_list_unref(list);
    selector_free(selector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_file *file = NULL;
    struct rules rules = {0};
    struct err err = {0};

    if (yaml_parse("fuzz", (const char *)data, size, &file, &err) < 0)
        return 0;
    const struct strict s = {.file = file, .err = &err};
    if (yaml_count(file) == 0 || rules_read(&s, yaml_document(file, 0), &rules) < 0)
        goto done;
    use(&rules);
done:
    rules_done(&rules);
    yaml_file_free(file);
    return 0;
}
