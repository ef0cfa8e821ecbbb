// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/observe.h"
#include "lab/replay/usage.h"
#include "script.h"

#define LIST(items)                                                                                \
    "{'kind':'PodMetricsList','apiVersion':'metrics.k8s.io/v1beta1','metadata':{},'items':[" items \
    "]}"
#define ITEM(name, containers)                                                                     \
    "{'metadata':{'namespace':'shop','name':'" name "'},'timestamp':'2026-01-01T00:00:15Z',"       \
    "'window':'15s','containers':[" containers "]}"
#define USES(container, cpu) "{'name':'" container "','usage':{'cpu':'" cpu "','memory':'1Mi'}}"

static const struct hpa_metric cpu = {.source = HPA_RESOURCE, .name = (char *)(uintptr_t) "cpu"};
static const struct hpa_metric cpu_of_app = {.source = HPA_CONTAINER_RESOURCE,
                                             .name = (char *)(uintptr_t) "cpu",
                                             .container = (char *)(uintptr_t) "app"};

static void reads_what_observe_reads_of_the_values(void **state)
{
    static const char *const lists[] = {
        LIST(""),
        LIST(ITEM("a", USES("app", "100m") "," USES("side", "0.5")) "," ITEM("b", "")),
        LIST(ITEM("a", USES("app", "1") "," USES("app", "2")) "," ITEM("a", USES("x", "3n"))),
        LIST(ITEM("a", "{'usage':{'cpu':'7'},'name':'app'},{'name':'side','usage':{}}")),
        LIST("{'containers':[" USES("app", "10P") "]}"),
        LIST(
            ITEM("a", USES("app", "1")) ",{'metadata':{'name':'b'},'timestamp':"
                                        "'2026-01-01T00:00:16Z','window':'16s','containers':[" USES(
                                            "app", "2") "]}," ITEM("c", USES("app", "3"))),
    };
    const struct hpa_metric *const metrics[] = {&cpu, &cpu_of_app};
    (void)state;

    for (size_t i = 0; i < 2 * ARRAY_LEN(lists); i++) {
        scoped(free_at) char *text = quoted(lists[i / 2]);
        const struct json_text body = {text, strlen(text)};
        json_auto_t *values = json_text_load(body, NULL);
        struct hpa_sample expected[4];
        struct usage u = {0};
        size_t count = observe_usage(json_object_get(values, "items"), metrics[i % 2], expected);

        assert_true(usage_read(body, metrics[i % 2], &u));
        assert_int_equal(u.items, json_array_size(json_object_get(values, "items")));
        assert_int_equal(u.count, count);
        for (size_t k = 0; k < count; k++) {
            assert_string_equal(u.samples[k].pod, expected[k].pod);
            assert_int_equal(u.samples[k].milli, expected[k].milli);
            assert_int_equal(u.samples[k].time_ns, expected[k].time_ns);
            assert_int_equal(u.samples[k].window_ns, expected[k].window_ns);
        }
        usage_done(&u);
    }
}

static void leaves_what_is_unusual_to_others(void **state)
{
    static const char *const lists[] = {
        "[]",
        "{'items':[]}",
        "{'kind':'PodMetricsList','apiVersion':'metrics.k8s.io/v1','items':[]}",
        "{'kind':'PodMetricsList','apiVersion':'metrics.k8s.io/v1beta1','items':{}}",
        LIST("null"),
        LIST(ITEM("a\\u0062", "")),
        LIST(ITEM("a", "{'usage':{'cpu':5}}")),
        LIST(ITEM("a", "{'usage':{'cpu':'x'}}")),
        LIST(ITEM("a", "{'usage':null}")),
        LIST("{'timestamp':'noon'}"),
        LIST("{'timestamp':''}"),
        LIST("{'window':''}"),
        LIST("{'timestamp':null}"),
        LIST("{'window':'soon'}"),
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        scoped(free_at) char *text = quoted(lists[i]);
        struct usage u = {0};
        if (usage_read((struct json_text){text, strlen(text)}, &cpu, &u))
            fail_msg("%s", lists[i]);
        assert_null(u.samples);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_observe_reads_of_the_values),
        cmocka_unit_test(leaves_what_is_unusual_to_others),
    };
    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
