// SPDX-License-Identifier: MIT
#include "unit.h"

#include "rules_fixture.h"

#include "adapter/rules/metric_list.h"
#include "base/scoped.h"

#define QUERY "  metricsQuery: q\n"
#define SHAPE(name, ...)                                                                           \
    {                                                                                              \
        name, (const char *const[]){__VA_ARGS__},                                                  \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                            \
    }

struct world {
    struct rules rules;
    struct metric_list *list;
};

static void open_world(struct world *w, const char *text, const struct shapes *custom,
                       const struct shapes *external)
{
    *w = (struct world){0};
    open_rules(text, &w->rules);
    w->list = metric_list_new(&w->rules, catalogue_new(), custom, external);
    assert_non_null(w->list);
}

static void close_world(struct world *w)
{
    metric_list_unref(w->list);
    rules_done(&w->rules);
}

/* "name of plural.group by label in namespace_label", one per line. */
static void lists(const struct world *w, const char *expected)
{
    scoped(buf_done) struct buf text = {.max = 10000};

    for (size_t i = 0; i < w->list->object_count; i++) {
        const struct object_metric *m = &w->list->objects[i];
        assert_int_equal(buf_printf(&text, "%s of %s.%s by %s in %s\n", m->name,
                                    m->resource->plural, m->resource->group, m->label,
                                    m->namespace_label ? m->namespace_label : "-"),
                         0);
    }
    assert_string_equal(text.data ? text.data : "", expected);
}

static void finds_the_objects_that_overrides_name(void **state)
{
    const struct series_shape shapes[] = {SHAPE("http_total", "code", "k_ns", "k_pod"),
                                          SHAPE("other_total", "k_ns", "node", "pv")};
    const struct shapes custom = {shapes, 2};
    struct world w;
    (void)state;

    open_world(&w,
               "rules:\n- seriesQuery: x\n  name: {matches: ^(.*)_total$}\n  resources:\n"
               "    overrides: {k_ns: {resource: namespace}, k_pod: {resource: pods},\n"
               "      node: {resource: node}, pv: {resource: persistentvolume}}\n" QUERY,
               &custom, NULL);
    lists(&w, "http of namespaces. by k_ns in -\n"
              "http of pods. by k_pod in k_ns\n"
              "other of namespaces. by k_ns in -\n"
              "other of nodes. by node in -\n"
              "other of persistentvolumes. by pv in -\n");
    close_world(&w);
}

static void finds_the_objects_that_a_template_names_both_ways(void **state)
{
    const struct series_shape plain[] = {
        SHAPE("a", "deployment", "ingress", "instance", "job", "namespace", "pod")};
    const struct series_shape grouped[] = {SHAPE("b", "kube__namespace", "kube__pod",
                                                 "kube_apps_deployment",
                                                 "kube_networking_k8s_io_ingress", "pod")};
    const struct shapes custom[] = {{plain, 1}, {grouped, 1}};
    struct world w;
    (void)state;

    open_world(&w,
               "rules:\n- seriesQuery: x\n  resources: {template: <<.Resource>>}\n" QUERY
               "- seriesQuery: z\n  resources: {template: 'kube_<<.Group>>_<<.Resource>>'}\n" QUERY,
               custom, NULL);
    lists(&w, "a of deployments.apps by deployment in namespace\n"
              "a of ingresses.networking.k8s.io by ingress in namespace\n"
              "a of namespaces. by namespace in -\n"
              "a of pods. by pod in namespace\n"
              "b of deployments.apps by kube_apps_deployment in kube__namespace\n"
              "b of ingresses.networking.k8s.io by kube_networking_k8s_io_ingress in "
              "kube__namespace\n"
              "b of namespaces. by kube__namespace in -\n"
              "b of pods. by kube__pod in kube__namespace\n");
    close_world(&w);
}

static void knows_resources_that_only_a_rule_names(void **state)
{
    const struct series_shape shapes[] = {SHAPE("cheddar", "brand", "sharp")};
    const struct shapes custom = {shapes, 1};
    struct world w;
    (void)state;

    open_world(&w,
               "rules:\n- seriesQuery: x\n  name: {as: cheesy}\n"
               "  resources: {overrides: {brand: {group: cheese.io, resource: brand}}}\n" QUERY,
               &custom, NULL);
    lists(&w, "cheesy of brands.cheese.io by brand in namespace\n");
    const struct resource *brand = catalogue_find_path(w.list->catalogue, "brands.cheese.io");
    assert_non_null(brand);
    assert_string_equal(brand->kind, "Brand");
    assert_non_null(metric_list_object(w.list, "cheesy", brand));
    assert_null(metric_list_object(w.list, "chees", brand));
    close_world(&w);
}

static void the_later_rule_and_the_later_series_win(void **state)
{
    const struct series_shape first[] = {SHAPE("a", "pod"), SHAPE("b", "pod")};
    const struct series_shape second[] = {SHAPE("c", "pod"), SHAPE("d", "namespace")};
    const struct shapes shapes[] = {{first, 2}, {second, 2}};
    static const char text[] =
        "rules:\n- seriesQuery: x\n  name: {as: m}\n"
        "  resources: {overrides: {pod: {resource: pod}, namespace: {resource: namespace}}}\n" QUERY
        "- seriesQuery: z\n  name: {as: m}\n  resources: {template: <<.Resource>>}\n" QUERY
        "externalRules:\n- seriesQuery: x\n  name: {as: m}\n" QUERY
        "- seriesQuery: z\n  name: {as: m}\n" QUERY;
    struct world w;
    (void)state;

    open_world(&w, text, shapes, shapes);
    lists(&w, "m of namespaces. by namespace in -\nm of pods. by pod in namespace\n");
    assert_string_equal(w.list->objects[0].series, "d");
    assert_string_equal(w.list->objects[1].series, "c");
    assert_ptr_equal(w.list->objects[1].rule, &w.rules.custom[1]);
    assert_int_equal(w.list->external_count, 1);
    assert_string_equal(w.list->externals[0].series, "d");
    close_world(&w);
}

static void external_metrics_have_the_namespace_unless_told_otherwise(void **state)
{
    const struct series_shape shapes[] = {SHAPE("Queue_Depth", "name")};
    const struct shapes external[] = {{shapes, 1}, {shapes, 1}, {shapes, 1}};
    struct world w;
    (void)state;

    open_world(&w,
               "externalRules:\n- seriesQuery: x\n  name: {as: a}\n" QUERY
               "- seriesQuery: x\n  name: {as: b}\n  resources: {namespaced: false}\n" QUERY
               "- seriesQuery: x\n  resources: {overrides: {ns: {resource: namespace}}}\n" QUERY,
               NULL, external);
    assert_string_equal(metric_list_external(w.list, "a")->namespace_label, "namespace");
    assert_null(metric_list_external(w.list, "b")->namespace_label);
    assert_string_equal(metric_list_external(w.list, "queue_depth")->namespace_label, "ns");
    assert_ptr_equal(metric_list_external(w.list, "Queue_Depth"),
                     metric_list_external(w.list, "queue_depth"));
    assert_null(metric_list_external(w.list, "depth"));
    close_world(&w);
}

static void leaves_out_names_that_no_path_can_have(void **state)
{
    const struct series_shape shapes[] = {SHAPE("a", "pod"), SHAPE("b", "pod")};
    const struct shapes both = {shapes, 2};
    struct world w;
    (void)state;

    open_world(&w,
               "rules:\n- seriesQuery: x\n  name: {matches: '^(a)?.*', as: 'status$1'}\n"
               "  resources: {template: <<.Resource>>}\n" QUERY,
               &both, NULL);
    lists(&w, "statusa of pods. by pod in namespace\n");
    assert_int_equal(w.list->left_out, 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_objects_that_overrides_name),
        cmocka_unit_test(finds_the_objects_that_a_template_names_both_ways),
        cmocka_unit_test(knows_resources_that_only_a_rule_names),
        cmocka_unit_test(the_later_rule_and_the_later_series_win),
        cmocka_unit_test(external_metrics_have_the_namespace_unless_told_otherwise),
        cmocka_unit_test(leaves_out_names_that_no_path_can_have),
    };
    return cmocka_run_group_tests_name("metric_list", tests, NULL, NULL);
}
