// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/config.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HTTP "    source: {http: {url: 'http://queue/x', valuePath: depth}}\n"
#define ENTRY(lines) "externalMetrics:\n  - name: a\n" HTTP lines

static int parse(const char *text, struct adapter_config *c, struct err *err)
{
    *c = (struct adapter_config){0};
    return config_parse("a.yaml", text, strlen(text), c, err);
}

static void reads_every_field(void **state)
{
    static const char text[] =
        "externalMetrics:\n"
        "- name: queue_depth\n"
        "  namespace: default\n"
        "  labels: {queue: jobs, tier: \"1\"}\n"
        "  source: {http: {url: 'http://u:p@queue:8080/queues/jobs?t=1#f', valuePath: "
        "'queues[0].depth', timeout: 1500ms}}\n"
        "  combine: sum\n"
        "  onEmpty: 500m\n"
        "  interval: 2s\n"
        "  maxAge: 30s\n";
    struct adapter_config c;
    (void)state;

    assert_int_equal(parse(text, &c, NULL), 0);
    assert_int_equal(c.count, 1);
    const struct external_metric *m = &c.metrics[0];
    assert_string_equal(m->name, "queue_depth");
    assert_string_equal(m->namespace, "default");
    assert_string_equal(m->shown_as, "queue_depth{queue=\"jobs\",tier=\"1\"}");
    assert_string_equal(m->label_text, "queue=jobs,tier=1");
    assert_string_equal(json_string_value(json_object_get(m->labels, "tier")), "1");
    assert_string_equal(m->query.source->shown_as, "http://queue:8080/queues/jobs");
    assert_int_equal(m->query.source->timeout_ns, 1500 * NS_PER_MS);
    assert_int_equal(m->query.combining.how, COMBINE_SUM);
    assert_true(m->query.combining.empty_is_value);
    assert_int_equal(m->query.combining.on_empty_milli, 500);
    assert_int_equal(m->query.interval_ns, 2 * NS_PER_S);
    assert_int_equal(m->max_age_ns, 30 * NS_PER_S);
    config_done(&c);
}

static void fills_in_defaults(void **state)
{
    struct adapter_config c;
    (void)state;

    assert_int_equal(parse(ENTRY(""), &c, NULL), 0);
    const struct external_metric *m = &c.metrics[0];
    assert_null(m->namespace);
    assert_string_equal(m->shown_as, "a");
    assert_string_equal(m->label_text, "");
    assert_int_equal(json_object_size(m->labels), 0);
    assert_int_equal(m->query.source->timeout_ns, 2 * NS_PER_S);
    assert_int_equal(m->query.interval_ns, 5 * NS_PER_S);
    assert_int_equal(m->query.combining.how, COMBINE_ONE);
    assert_false(m->query.combining.empty_is_value);
    assert_int_equal(m->max_age_ns, 60 * NS_PER_S);
    config_done(&c);
}

static void takes_an_empty_list(void **state)
{
    struct adapter_config c;
    (void)state;

    assert_int_equal(parse("externalMetrics: []\n", &c, NULL), 0);
    assert_int_equal(c.count, 0);
    config_done(&c);
}

static void refuses_with_file_and_line(void **state)
{
#define SOURCE(text) "externalMetrics:\n  - name: a\n    source: " text
#define URL(text) SOURCE("\n      http:\n        valuePath: x\n        url: " text "\n")
#define NO_URL                                                                                     \
    "a.yaml:6: externalMetrics[0].source.http.url takes an address such as "                       \
    "http://queue:8080/depth"
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", "a.yaml:1: holds 0 YAML documents; one is needed"},
        {"a: 1\n---\nb: 1\n", "a.yaml:1: holds 2 YAML documents; one is needed"},
        {"- a\n", "a.yaml:1: the file takes a mapping, not a list"},
        {"{}\n", "a.yaml:1: the file configures no metric"},
        {"externalMetrics: []\nabacus: []\n",
         "a.yaml:2: there is no field 'abacus' in the configuration"},
        {"externalMetrics: 5\n", "a.yaml:1: externalMetrics takes a list"},
        {"externalMetrics:\n- 5\n", "a.yaml:2: externalMetrics[0] takes a mapping, not 5"},
        {ENTRY("    scale: 2\n"), "a.yaml:4: there is no field 'scale' in externalMetrics[0]"},
        {"externalMetrics:\n  - labels: {}\n" HTTP, "a.yaml:2: externalMetrics[0].name is missing"},
        {"externalMetrics:\n  - name: a\n", "a.yaml:2: externalMetrics[0].source is missing"},
        {"externalMetrics:\n  - name: Depth\n" HTTP,
         "a.yaml:2: externalMetrics[0].name takes lower-case letters, digits and . _ : - after a "
         "letter or digit, not 'Depth'"},
        {"externalMetrics:\n  - name: a/b\n" HTTP,
         "a.yaml:2: externalMetrics[0].name takes lower-case letters, digits and . _ : - after a "
         "letter or digit, not 'a/b'"},
        {"externalMetrics:\n  - name: ..\n" HTTP,
         "a.yaml:2: externalMetrics[0].name takes lower-case letters, digits and . _ : - after a "
         "letter or digit, not '..'"},
        {"externalMetrics:\n  - name: status\n" HTTP,
         "a.yaml:2: externalMetrics[0].name cannot be 'status': the word is part of Kubernetes' "
         "paths"},
        {"externalMetrics:\n  - name: finalize\n" HTTP,
         "a.yaml:2: externalMetrics[0].name cannot be 'finalize': the word is part of Kubernetes' "
         "paths"},
        {"externalMetrics:\n  - name: watch\n" HTTP,
         "a.yaml:2: externalMetrics[0].name cannot be 'watch': the word is part of Kubernetes' "
         "paths"},
        {"externalMetrics:\n  - name: proxy\n" HTTP,
         "a.yaml:2: externalMetrics[0].name cannot be 'proxy': the word is part of Kubernetes' "
         "paths"},
        {ENTRY("    namespace: My_Team\n"),
         "a.yaml:4: externalMetrics[0].namespace takes lower-case letters, digits and -, not "
         "'My_Team'"},
        {ENTRY("    namespace: a-\n"),
         "a.yaml:4: externalMetrics[0].namespace takes lower-case letters, digits and -, not 'a-'"},
        {ENTRY("    labels: [a]\n"),
         "a.yaml:4: externalMetrics[0].labels takes a mapping of at most 32 labels"},
        {ENTRY("    labels:\n      tier: 1\n"),
         "a.yaml:5: externalMetrics[0].labels.tier takes a text: put it in quotes"},
        {SOURCE("{http: x}\n"),
         "a.yaml:3: externalMetrics[0].source.http takes a mapping, not 'x'"},
        {SOURCE("{http: {valuePath: x}}\n"),
         "a.yaml:3: externalMetrics[0].source.http.url is missing"},
        {SOURCE("{http: {url: 'http://q'}}\n"),
         "a.yaml:3: externalMetrics[0].source.http.valuePath is missing"},
        {SOURCE("{http: {url: 'http://q', valuePath: 'a..b'}}\n"),
         "a.yaml:3: externalMetrics[0].source.http.valuePath takes a path such as "
         "queues[0].depth, not 'a..b'"},
        {SOURCE("{http: {url: 'http://q', valuePath: a, timeout: 61s}}\n"),
         "a.yaml:3: externalMetrics[0].source.http.timeout takes a duration from 10ms to 1m0s, "
         "not '61s'"},
        {URL("queue:8080/x"), NO_URL},
        {URL("file:///etc/passwd"), NO_URL},
        {URL("http://"), NO_URL},
        {URL("http:///depth"), NO_URL},
        {URL("http://queue:0/x"), NO_URL},
        {URL("http://queue:65536/x"), NO_URL},
        {URL("http://queue:/x"), NO_URL},
        {URL("http://user:pa/ss@queue/x"), NO_URL},
        {URL("'http://queue/a b'"), NO_URL},
        {URL("'http://[::1/x'"), NO_URL},
        {ENTRY("    interval: 99ms\n"),
         "a.yaml:4: externalMetrics[0].interval takes a duration from 100ms to 1h0m0s, not '99ms'"},
        {ENTRY("    interval: 5\n"),
         "a.yaml:4: externalMetrics[0].interval takes a duration from 100ms to 1h0m0s, not 5"},
        {ENTRY("    combine: most\n"),
         "a.yaml:4: externalMetrics[0].combine takes one, each, sum, average, max or min, not "
         "'most'"},
        {ENTRY("    onEmpty: -1\n"),
         "a.yaml:4: externalMetrics[0].onEmpty takes a quantity from 0 to 9223372036854775807m, "
         "not -1"},
        {ENTRY("    maxAge: 25h\n"),
         "a.yaml:4: externalMetrics[0].maxAge takes a duration from 100ms to 24h0m0s, not '25h'"},
        {ENTRY("    maxAge: 6s\n"),
         "a.yaml:4: externalMetrics[0].maxAge is 6s but one interval and one timeout are 7s: a "
         "healthy source would expire"},
        {ENTRY("") "  - name: a\n" HTTP,
         "a.yaml:4: a is there twice (the first is on line 2): an HPA would count it double"},
        {ENTRY("    namespace: x\n    labels: {q: j}\n") "  - name: a\n    labels: {q: j}\n" HTTP,
         "a.yaml:6: a{q=\"j\"} is there twice (the first is on line 2): an HPA would count it "
         "double"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct adapter_config c;
        struct err err = {0};
        assert_int_equal(parse(cases[i].text, &c, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(c.metrics);
    }
}

static void refuses_what_is_not_one_kind_of_source(void **state)
{
    static const char *const sources[] = {"5", "{}", "{abacus: {}}", "{http: {}, abacus: {}}"};
    static const char start[] = "a.yaml:3: externalMetrics[0].source takes a mapping with one of ";
    char text[256];
    (void)state;

    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        struct adapter_config c;
        struct err err = {0};
        (void)snprintf(text, sizeof(text), SOURCE("%s\n"), sources[i]);
        assert_int_equal(parse(text, &c, &err), -EINVAL);
        assert_ptr_equal(strstr(err.text, start), err.text);
        assert_non_null(strstr(err.text, "http, prometheus"));
    }
}

static void refuses_what_is_no_label(void **state)
{
    static const char *const labels[] = {"{'a b': x}", "{'a,b': x}", "{a: 'x y'}", "{'': x}",
                                         "{a: '-x'}"};
    struct adapter_config c;
    char text[256];
    (void)state;

    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
        struct err err = {0};
        (void)snprintf(text, sizeof(text), ENTRY("    labels: %s\n"), labels[i]);
        assert_int_equal(parse(text, &c, &err), -EINVAL);
        assert_ptr_equal(strstr(err.text, "a.yaml:4: externalMetrics[0].labels: "), err.text);
    }
}

static void never_repeats_a_url_that_it_refuses(void **state)
{
    struct adapter_config c;
    struct err err = {0};
    (void)state;

    assert_int_equal(
        parse(SOURCE("{http: {valuePath: x, url: 'http://u:secret@que ue/'}}\n"), &c, &err),
        -EINVAL);
    assert_null(strstr(err.text, "secret"));
}

static void takes_the_same_metric_in_two_namespaces_or_with_other_labels(void **state)
{
    struct adapter_config c;
    (void)state;

    assert_int_equal(
        parse(ENTRY("    namespace: x\n") "  - name: a\n    namespace: z\n" HTTP, &c, NULL), 0);
    config_done(&c);
    assert_int_equal(parse(ENTRY("") "  - name: a\n    labels: {q: j}\n" HTTP, &c, NULL), 0);
    config_done(&c);
}

static void takes_no_more_than_the_limit(void **state)
{
    struct buf text = {.max = 1 << 20};
    struct adapter_config c;
    struct err err = {0};
    (void)state;

    assert_int_equal(buf_puts(&text, "externalMetrics:\n"), 0);
    for (int i = 0; i < CONFIG_METRICS_MAX; i++)
        assert_int_equal(buf_printf(&text, "  - name: a%d\n" HTTP, i), 0);
    assert_int_equal(parse(text.data, &c, NULL), 0);
    assert_int_equal(c.count, CONFIG_METRICS_MAX);
    config_done(&c);
    assert_int_equal(buf_puts(&text, "  - name: b\n" HTTP), 0);
    assert_int_equal(parse(text.data, &c, &err), -EINVAL);
    assert_string_equal(err.text, "a.yaml:2: externalMetrics takes at most 1000 metrics");
    buf_done(&text);
}

static void takes_addresses_of_every_form(void **state)
{
    static const struct {
        const char *url, *shown_as;
    } cases[] = {
        {"https://queue", "https://queue"},
        {"http://127.0.0.1:1/a?b", "http://127.0.0.1:1/a"},
        {"http://[::1]:8080/a", "http://[::1]:8080/a"},
        {"http://user@q.default.svc:65535/a/@b", "http://q.default.svc:65535/a/@b"},
        {"http://u:p@w@queue?x@y", "http://queue"},
    };
    struct adapter_config c;
    char text[256];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        (void)snprintf(text, sizeof(text), SOURCE("{http: {valuePath: x, url: '%s'}}\n"),
                       cases[i].url);
        assert_int_equal(parse(text, &c, NULL), 0);
        assert_string_equal(c.metrics[0].query.source->shown_as, cases[i].shown_as);
        config_done(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(takes_an_empty_list),
        cmocka_unit_test(refuses_with_file_and_line),
        cmocka_unit_test(refuses_what_is_not_one_kind_of_source),
        cmocka_unit_test(refuses_what_is_no_label),
        cmocka_unit_test(never_repeats_a_url_that_it_refuses),
        cmocka_unit_test(takes_the_same_metric_in_two_namespaces_or_with_other_labels),
        cmocka_unit_test(takes_no_more_than_the_limit),
        cmocka_unit_test(takes_addresses_of_every_form),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
