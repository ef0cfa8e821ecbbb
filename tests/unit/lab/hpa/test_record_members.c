// SPDX-License-Identifier: MIT
/* Compares what the engine writes with docs/decision-record.md, both ways: every member of a record
 * is a row of its tables, and every row is written by one of the worlds below. */
#include "world.h"

#include "base/buf.h"

#include <stdlib.h>

#define PATH_MAX_LEN 128

static json_t *written; /* path -> true */

static void collect(const json_t *value, const char *path)
{
    char below[PATH_MAX_LEN];
    const char *key;
    const json_t *member;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
            (void)snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
            collect(member, below);
        }
    } else if (json_is_array(value)) {
        (void)snprintf(below, sizeof(below), "%s[]", path);
        json_array_foreach (value, i, member)
            collect(member, below);
    }
    if (!json_is_array(value) && (!json_is_object(value) || json_object_size(value) == 0))
        (void)json_object_set_new(written, path, json_true());
}

static void collect_from(struct world *w, const json_t *status)
{
    json_t *record = hpa_record(w->hpa, w->spec, &w->in, &w->d, status);

    assert_non_null(record);
    collect(record, "");
    json_decref(record);
}

/* Every type of pod, a request that is missing, a metric that fails. */
static void collect_metrics(void)
{
    struct world w;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 3);
    world_usage(&w, 0, 100);
    w.pods[2].phase = HPA_PENDING;
    (void)world_step(&w);
    collect_from(&w, NULL);
    w.requests[1][0].error = "missing request";
    (void)world_step(&w);
    collect_from(&w, NULL);
    world_end(&w);
}

/* What only some sources have, put on by hand: how they are parsed is not the question here. */
static void collect_sources(void)
{
    struct world w;

    world_begin(&w, "'maxReplicas':10,'metrics':[{'type':'External','external':{'metric':{'name':"
                    "'hits','selector':{'matchLabels':{'a':'b'}}},'target':{'type':'Value','value':"
                    "5}}}]");
    world_pods(&w, 2);
    w.answers[0].error = "down";
    (void)world_step(&w);
    char kind[] = "Service", name[] = "main", container[] = "web";
    struct hpa_metric metric = w.spec->metrics[0];
    struct hpa_spec spec = *w.spec;
    metric.container = container;
    metric.object = (struct hpa_object){.kind = kind, .name = name};
    spec.metrics = &metric;
    for (metric.source = HPA_RESOURCE; metric.source <= HPA_EXTERNAL; metric.source++) {
        json_t *record = hpa_record(w.hpa, &spec, &w.in, &w.d, NULL);
        collect(record, "");
        json_decref(record);
    }
    world_end(&w);
}

#define POLICIES "'policies':[{'type':'Pods','value':4,'periodSeconds':60}]"

/* Windows that hold and policies that are used up, in both directions. */
static void collect_scaling(void)
{
    struct world w;

    world_begin(
        &w, "'maxReplicas':99,'metrics':[" QUEUE(
                "'averageValue':5") "],'behavior':{"
                                    "'scaleUp':{'stabilizationWindowSeconds':30," POLICIES "},"
                                    "'scaleDown':{'stabilizationWindowSeconds':30," POLICIES "}}");
    world_pods(&w, 10);
    for (int i = 0; i < 12; i++) {
        w.in.now_ns += 10 * S;
        world_value(&w, 0, (i < 6 ? 90 : 1) * INT64_C(5000));
        w.in.spec_replicas = world_step(&w);
        json_t *status = hpa_status(w.spec, &w.d, NULL, w.in.now_ns);
        json_object_set_new(json_array_get(json_object_get(status, "conditions"), 0), "reason",
                            json_string("Another"));
        collect_from(&w, status);
        json_decref(status);
    }
    world_end(&w);
}

static void collect_all(void)
{
    written = json_object();
    collect_metrics();
    collect_sources();
    collect_scaling();
}

/* Rows of the tables of members: "| `path` | meaning |", up to the table of rules. */
static json_t *documented(void)
{
    struct buf page = {.max = 1 << 20};
    json_t *paths = json_object();
    char *rest = NULL;

    assert_int_equal(buf_read_file(&page, DOCS_DIR "/decision-record.md", NULL), 0);
    for (char *line = strtok_r(page.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *end = strncmp(line, "| `", 3) == 0 ? strstr(line, "` |") : NULL;
        if (strncmp(line, "| rule ", 7) == 0)
            break;
        if (!end)
            continue;
        *end = '\0';
        (void)json_object_set_new(paths, line + 3, json_true());
    }
    buf_done(&page);
    return paths;
}

static void expect_all_in(const json_t *some, const json_t *all, const char *what)
{
    const char *path;
    const json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)some, path, value)
        if (!json_object_get(all, path))
            print_error("%s is %s\n", path, what);
    json_object_foreach ((json_t *)(uintptr_t)some, path, value)
        assert_non_null(json_object_get(all, path));
}

static void every_member_that_is_written_is_documented(void **state)
{
    json_t *rows = documented();
    (void)state;

    collect_all();
    assert_true(json_object_size(written) > 60);
    expect_all_in(written, rows, "not documented");
    json_decref(rows);
    json_decref(written);
}

static void every_member_that_is_documented_is_written(void **state)
{
    json_t *rows = documented();
    (void)state;

    collect_all();
    expect_all_in(rows, written, "never written");
    json_decref(rows);
    json_decref(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_that_is_written_is_documented),
        cmocka_unit_test(every_member_that_is_documented_is_written),
    };
    return cmocka_run_group_tests_name("record_members", tests, NULL, NULL);
}
