// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/yaml.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "fail_alloc.h"
#include "kube/jpath.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void yaml_file_free_at(struct yaml_file **f)
{
    yaml_file_free(*f);
}

static struct yaml_file *parse(const char *text)
{
    struct yaml_file *f = NULL;
    struct err err = {0};

    if (yaml_parse("web.yaml", text, strlen(text), &f, &err) < 0)
        fail_msg("%s", err.text);
    return f;
}

static void assert_reads_as(const char *text, const char *json)
{
    scoped(yaml_file_free_at) struct yaml_file *f = parse(text);
    scoped(free_at) char *got = json_dumps(yaml_document(f, 0), JSON_COMPACT | JSON_ENCODE_ANY);

    assert_int_equal(yaml_count(f), 1);
    assert_string_equal(got, json);
}

static void assert_refused(const char *text, size_t len, const char *message)
{
    struct yaml_file *f = NULL;
    struct err err = {0};
    int r = yaml_parse("web.yaml", text, len, &f, &err);

    if (r != -EINVAL || f || strncmp(err.text, message, strlen(message)) != 0)
        fail_msg("%d, \"%s\" and not \"%s\"", r, err.text, message);
}

static void reads_a_manifest(void **state)
{
    (void)state;

    assert_reads_as("apiVersion: apps/v1\n"
                    "kind: Deployment\n"
                    "metadata: {name: web, labels: {app: \"web\"}}\n"
                    "spec:\n"
                    "  replicas: 3\n"
                    "  paused: no\n"
                    "  template:\n"
                    "    spec:\n"
                    "      containers:\n"
                    "      - name: web\n"
                    "        args: [--port=80, '8080', 0.5]\n"
                    "        command: |\n"
                    "          one\n"
                    "          two\n"
                    "        resources: {}\n"
                    "        env:\n",
                    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
                    "\"metadata\":{\"name\":\"web\",\"labels\":{\"app\":\"web\"}},"
                    "\"spec\":{\"replicas\":3,\"paused\":false,\"template\":{\"spec\":"
                    "{\"containers\":[{\"name\":\"web\",\"args\":[\"--port=80\",\"8080\",0.5],"
                    "\"command\":\"one\\ntwo\\n\",\"resources\":{},\"env\":null}]}}}}");
}

static void reads_json(void **state)
{
    (void)state;

    assert_reads_as("{\"a\": [1, true, null, \"x\\u00e4\\n\"], \"b\": {}}",
                    "{\"a\":[1,true,null,\"x\xc3\xa4\\n\"],\"b\":{}}");
}

static void the_document_may_be_a_scalar_or_a_list(void **state)
{
    (void)state;

    assert_reads_as("12", "12");
    assert_reads_as("- 1\n- x\n", "[1,\"x\"]");
}

static void leaves_empty_documents_out(void **state)
{
    scoped(yaml_file_free_at) struct yaml_file *none = parse("");
    scoped(yaml_file_free_at) struct yaml_file *comments = parse("# nothing\n---\n---\n# x\n");
    scoped(yaml_file_free_at) struct yaml_file *two = parse("---\na: 1\n---\n---\nb: 2\n...\n");
    (void)state;

    assert_int_equal(yaml_count(none), 0);
    assert_null(yaml_document(none, 0));
    assert_int_equal(yaml_count(comments), 0);
    assert_int_equal(yaml_count(two), 2);
    assert_int_equal(jpath_int(yaml_document(two, 1), "b", 0), 2);
    assert_int_equal(yaml_line(two, 0, ""), 2);
    assert_int_equal(yaml_line(two, 1, "b"), 5);
    assert_string_equal(yaml_name(two), "web.yaml");
}

static void keys_become_text_as_kubernetes_writes_them(void **state)
{
    (void)state;

    assert_reads_as("on: 1\n2: 1\n0x10: 1\n'off': 1\n1.50: 1\n",
                    "{\"true\":1,\"2\":1,\"16\":1,\"off\":1,\"1.50\":1}");
}

static void aliases_stand_for_a_copy(void **state)
{
    scoped(yaml_file_free_at) struct yaml_file *f = parse("a: &x {k: [1]}\nb: *x\nc: [*x]\n");
    json_t *document = yaml_document(f, 0);
    (void)state;

    json_object_set_new(jpath(document, "a"), "k", json_integer(2));
    assert_int_equal(jpath_int(document, "b.k[0]", 0), 1);
    assert_int_equal(jpath_int(document, "c[0].k[0]", 0), 1);
}

static void an_anchor_may_be_used_again(void **state)
{
    (void)state;

    assert_reads_as("[&a 1, *a, &a 2, *a, &b [&a 3], *a]", "[1,1,2,2,[3],3]");
}

static void anchors_end_with_their_document(void **state)
{
    static const char text[] = "a: &x 1\n---\nb: *x\n";
    (void)state;

    assert_refused(text, strlen(text), "web.yaml:3: alias 'x' has no anchor before it");
}

static void merges_what_the_object_does_not_say_itself(void **state)
{
    (void)state;

    assert_reads_as("a: &a {x: 1, w: 2}\nb:\n  <<: *a\n  w: 3\n",
                    "{\"a\":{\"x\":1,\"w\":2},\"b\":{\"w\":3,\"x\":1}}");
    assert_reads_as("a: &a {x: 1, w: 2}\nb:\n  w: 3\n  <<: *a\n",
                    "{\"a\":{\"x\":1,\"w\":2},\"b\":{\"w\":3,\"x\":1}}");
    assert_reads_as("- &a {x: 1}\n- &b {x: 2, w: 2}\n- {<<: [*a, *b], z: 3}\n",
                    "[{\"x\":1},{\"x\":2,\"w\":2},{\"z\":3,\"x\":1,\"w\":2}]");
    assert_reads_as("{<<: {x: 1}, z: 3}", "{\"z\":3,\"x\":1}");
    assert_reads_as("{'<<': {x: 1}}", "{\"<<\":{\"x\":1}}");
    assert_reads_as("{!!merge <<: {x: 1}}", "{\"x\":1}");
    assert_reads_as("{<<: []}", "{}");
}

static void knows_the_line_of_every_value(void **state)
{
    scoped(yaml_file_free_at) struct yaml_file *f = parse("# a comment\n"
                                                          "spec:\n"
                                                          "  metrics:\n"
                                                          "  - type: Resource\n"
                                                          "    value: 5\n"
                                                          "  - type: |\n"
                                                          "      text\n"
                                                          "    empty:\n"
                                                          "  flow: {a: 1,\n"
                                                          "         b: 2}\n"
                                                          "labels:\n"
                                                          "  a.b/c: x\n"
                                                          "  plain: null\n");
    static const struct {
        const char *path;
        unsigned line;
    } rows[] = {
        {"", 2},
        {"spec", 3},
        {"spec.metrics", 4},
        {"spec.metrics[0]", 4},
        {"spec.metrics[0].value", 5},
        {"spec.metrics[1].type", 6},
        {"spec.metrics[1].empty", 8},
        {"spec.flow.a", 9},
        {"spec.flow.b", 10},
        {"labels[\"a.b/c\"]", 12},
        {"labels.plain", 13},
        {"spec.metrics[7].type", 4}, /* the nearest parent */
        {"spec.metrics[0].value.deep", 5},
        {"spec.none.deep", 3},
        {"none", 2},
        {"..", 2},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (yaml_line(f, 0, rows[i].path) != rows[i].line)
            fail_msg("%s: %u and not %u", rows[i].path, yaml_line(f, 0, rows[i].path),
                     rows[i].line);
    assert_int_equal(yaml_line(f, 1, ""), 0);
}

static void an_alias_has_its_own_line_and_its_inside_the_anchors(void **state)
{
    scoped(yaml_file_free_at) struct yaml_file *f =
        parse("a: &a\n  x: 1\ns: &s 5\nb: *a\nc: *s\nd:\n  <<: *a\n  w: 2\n");
    (void)state;

    assert_int_equal(yaml_line(f, 0, "b"), 4);
    assert_int_equal(yaml_line(f, 0, "b.x"), 2);
    assert_int_equal(yaml_line(f, 0, "c"), 5);
    assert_int_equal(yaml_line(f, 0, "d"), 7);
    assert_int_equal(yaml_line(f, 0, "d.x"), 2);
    assert_int_equal(yaml_line(f, 0, "d.w"), 8);
}

static void says_on_which_line_what_is_wrong(void **state)
{
    static const char *const rows[][2] = {
        {"a: 1\nb: 2\na: 3\n", "web.yaml:3: key 'a' is repeated, it is on line 1 already"},
        {"1: {}\n'1': 3\n", "web.yaml:2: key '1' is repeated, it is on line 1 already"},
        {"yes: 1\ntrue: 2\n", "web.yaml:2: key 'true' is repeated"},
        {"a:\n- b\nc\n", "web.yaml:4: could not find expected ':'"},
        {"a: 1\n b: 2\n", "web.yaml:2: mapping values are not allowed in this context"},
        {"a:\n- 1\n  b: 2\n", "web.yaml:3: "},
        {"a:\n\tb: 1\n", "web.yaml:2: found character that cannot start any token"},
        {"{a: 1", "web.yaml:2: did not find expected ',' or '}'"},
        {"a: 'x\n", "web.yaml:2: found unexpected end of stream"},
        {"x: 1\n? [a]\n: b\n", "web.yaml:2: a key must be a scalar"},
        {"{*x : 1}", "web.yaml:1: a key must be a scalar"},
        {"{&x a: 1}", "web.yaml:1: a key must be a scalar without anchor"},
        {"a: 1\n~: 2\n", "web.yaml:2: a key must not be null"},
        {"a: 1\nb: *x\n", "web.yaml:2: alias 'x' has no anchor before it"},
        {"a: &x\n- *x\n", "web.yaml:2: alias 'x' is inside of what it stands for"},
        {"a: &x 1\nb: &x [*x]\n", "web.yaml:2: alias 'x' is inside of what it stands for"},
        {"a: 1\nb: !secret x\n", "web.yaml:2: tag '!secret' is not supported"},
        {"b: !secret {}\n", "web.yaml:1: tag '!secret' is not supported here"},
        {"b: !!set {}\n", "web.yaml:1: tag 'tag:yaml.org,2002:set' is not supported here"},
        {"b: !!map []\n", "web.yaml:1: tag 'tag:yaml.org,2002:map' is not supported here"},
        {"a: !!int x\n", "web.yaml:1: 'x' is not a 'tag:yaml.org,2002:int'"},
        {"a: .inf\n", "web.yaml:1: '.inf' has no equal in JSON"},
        {"a: \"x\\0\"\n", "web.yaml:1: a NUL character is not supported"},
        {"a: 1\n\"x\\0\": 1\n", "web.yaml:2: a NUL character is not supported"},
        {"<<: 3\n", "web.yaml:1: '<<' takes an object or a list of objects"},
        {"<<: [{a: 1},\n 3]\n", "web.yaml:2: '<<' takes an object or a list of objects"},
        {"<<: {}\n<<: {}\n", "web.yaml:2: key '<<' is repeated"},
        {"a: 1\nb: \"\xff\"\n", "web.yaml:2: "},
        {"%FOO\n", "web.yaml:"},
        {"%YAML 3.0\n---\na: 1\n", "web.yaml:1: found incompatible YAML document"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    assert_refused("a\0b", 3, "web.yaml:1: control characters are not allowed");
}

static void repeat(struct buf *b, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(buf_puts(b, text), 0);
}

static void nests_to_100_and_no_deeper(void **state)
{
    scoped(buf_done) struct buf b = {.max = KIB};
    (void)state;

    repeat(&b, "[", 100);
    repeat(&b, "]", 100);
    scoped(yaml_file_free_at) struct yaml_file *f = parse(b.data);
    assert_int_equal(yaml_count(f), 1);

    buf_clear(&b);
    repeat(&b, "[", 101);
    repeat(&b, "]", 101);
    assert_refused(b.data, b.len, "web.yaml:1: nested deeper than 100");
}

/* An alias inside of lists lists; what it stands for is 50 lists deep. */
static void write_nested_alias(struct buf *b, int lists)
{
    buf_clear(b);
    assert_int_equal(buf_puts(b, "- &a ["), 0);
    repeat(b, "[", 49);
    repeat(b, "]", 49);
    assert_int_equal(buf_puts(b, ", 1]\n- "), 0);
    repeat(b, "[", lists);
    assert_int_equal(buf_puts(b, "*a"), 0);
    repeat(b, "]", lists);
}

static void aliases_do_not_nest_deeper_either(void **state)
{
    scoped(buf_done) struct buf b = {.max = KIB};
    (void)state;

    write_nested_alias(&b, 49); /* and the list around all */
    scoped(yaml_file_free_at) struct yaml_file *f = parse(b.data);
    assert_int_equal(yaml_count(f), 1);

    write_nested_alias(&b, 50);
    assert_refused(b.data, b.len, "web.yaml:2: nested deeper than 100");
}

static void a_long_chain_of_merges_is_not_deep(void **state)
{
    scoped(buf_done) struct buf b = {.max = 64 * KIB};
    (void)state;

    assert_int_equal(buf_puts(&b, "- &a0 {k: v}\n"), 0);
    for (int i = 1; i < 300; i++)
        assert_int_equal(buf_printf(&b, "- &a%d {<<: *a%d}\n", i, i - 1), 0);
    scoped(yaml_file_free_at) struct yaml_file *f = parse(b.data);
    assert_string_equal(jpath_str(yaml_document(f, 0), "[299].k", ""), "v");
}

static void takes_100000_values_and_no_more(void **state)
{
    scoped(buf_done) struct buf b = {.max = MIB};
    (void)state;

    repeat(&b, "- 1\n", 99999); /* and the list */
    scoped(yaml_file_free_at) struct yaml_file *f = parse(b.data);
    assert_int_equal(json_array_size(yaml_document(f, 0)), 99999);

    repeat(&b, "- 1\n", 1);
    assert_refused(b.data, b.len, "web.yaml:100000: more than 100000 values");
}

static void a_billion_laughs_end_at_the_limit(void **state)
{
    scoped(buf_done) struct buf b = {.max = KIB};
    (void)state;

    assert_int_equal(buf_puts(&b, "- &a0 [x,x,x,x,x,x,x,x,x]\n"), 0);
    for (int i = 1; i < 9; i++) {
        assert_int_equal(buf_printf(&b, "- &a%d [", i), 0);
        for (int k = 0; k < 9; k++)
            assert_int_equal(buf_printf(&b, "*a%d,", i - 1), 0);
        assert_int_equal(buf_puts(&b, "]\n"), 0);
    }
    assert_refused(b.data, b.len, "web.yaml:6: more than 100000 values");
}

static void laughs_by_merging_end_too(void **state)
{
    scoped(buf_done) struct buf b = {.max = 4 * KIB};
    (void)state;

    assert_int_equal(buf_puts(&b, "- &a0 {x: 1}\n"), 0);
    for (int i = 1; i < 20; i++) {
        assert_int_equal(buf_printf(&b, "- &a%d {<<: [", i), 0);
        for (int k = 0; k < 9; k++)
            assert_int_equal(buf_printf(&b, "*a%d,", i - 1), 0);
        assert_int_equal(buf_puts(&b, "]}\n"), 0);
    }
    assert_refused(b.data, b.len, "web.yaml:6: more than 100000 values");
}

static void a_long_text_with_many_aliases_ends_at_the_limit(void **state)
{
    scoped(buf_done) struct buf b = {.max = MIB};
    (void)state;

    assert_int_equal(buf_puts(&b, "- &a "), 0);
    repeat(&b, "0123456789abcdef", 4096); /* 64 KiB */
    repeat(&b, "\n- *a", 100);
    assert_refused(b.data, b.len, "web.yaml:65: more than 4194304 bytes of text");
}

static void a_long_key_with_many_aliases_ends_at_the_limit(void **state)
{
    scoped(buf_done) struct buf b = {.max = MIB};
    (void)state;

    assert_int_equal(buf_puts(&b, "- &a {? "), 0);
    repeat(&b, "0123456789abcdef", 4096);
    assert_int_equal(buf_puts(&b, " : 1}"), 0);
    repeat(&b, "\n- *a", 100);
    assert_refused(b.data, b.len, "web.yaml:64: more than 4194304 bytes of text");
}

static void thousands_of_anchors_take_no_quadratic_time(void **state)
{
    scoped(buf_done) struct buf b = {.max = 2 * MIB};
    (void)state;

    for (int i = 0; i < 49000; i++)
        assert_int_equal(buf_printf(&b, "- &a%d 1\n- *a%d\n", i, i), 0);
    scoped(yaml_file_free_at) struct yaml_file *f = parse(b.data);
    assert_int_equal(json_array_size(yaml_document(f, 0)), 98000);
}

static void reads_files_and_names_them(void **state)
{
    char path[] = "/tmp/test_yaml.XXXXXX";
    scoped(close_at) int fd = mkstemp(path);
    scoped(yaml_file_free_at) struct yaml_file *f = NULL;
    struct yaml_file *none = NULL;
    struct err err = {0};
    char expected[128];
    (void)state;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a: 1\n", 5), 5);
    assert_int_equal(yaml_read_file(path, &f, &err), 0);
    assert_string_equal(yaml_name(f), path);
    assert_int_equal(jpath_int(yaml_document(f, 0), "a", 0), 1);

    assert_int_equal(write(fd, "a: 2\n", 5), 5);
    assert_int_equal(yaml_read_file(path, &none, &err), -EINVAL);
    (void)snprintf(expected, sizeof(expected), "%s:2: key 'a' is repeated", path);
    assert_memory_equal(err.text, expected, strlen(expected));

    assert_int_equal(ftruncate(fd, MIB + 1), 0);
    assert_int_equal(yaml_read_file(path, &none, &err), -E2BIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(yaml_read_file(path, &none, &err), -ENOENT);
    assert_non_null(strstr(err.text, path));
}

static void out_of_memory_is_reported_and_leaks_nothing(void **state)
{
    static const char text[] =
        "a: &x {k: [1, 1.5, yes, ~, text]}\nb: *x\nc: &y\n  <<: [*x]\n  z: 1\n";
    bool failed = true;
    (void)state;

    for (long n = 0; failed; n++) {
        struct yaml_file *f = NULL;
        struct err err = {0};
        fail_alloc_at(n);
        int r = yaml_parse("web.yaml", text, strlen(text), &f, &err);
        failed = fail_alloc_stop();
        if (r != (failed ? -ENOMEM : 0))
            fail_msg("%ld: %d, %s", n, r, err.text);
        assert_string_equal(err.text, failed ? "web.yaml: out of memory" : "");
        yaml_file_free(f);
        assert_in_range(n, 0, 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_manifest),
        cmocka_unit_test(reads_json),
        cmocka_unit_test(the_document_may_be_a_scalar_or_a_list),
        cmocka_unit_test(leaves_empty_documents_out),
        cmocka_unit_test(keys_become_text_as_kubernetes_writes_them),
        cmocka_unit_test(aliases_stand_for_a_copy),
        cmocka_unit_test(an_anchor_may_be_used_again),
        cmocka_unit_test(anchors_end_with_their_document),
        cmocka_unit_test(merges_what_the_object_does_not_say_itself),
        cmocka_unit_test(knows_the_line_of_every_value),
        cmocka_unit_test(an_alias_has_its_own_line_and_its_inside_the_anchors),
        cmocka_unit_test(says_on_which_line_what_is_wrong),
        cmocka_unit_test(nests_to_100_and_no_deeper),
        cmocka_unit_test(aliases_do_not_nest_deeper_either),
        cmocka_unit_test(a_long_chain_of_merges_is_not_deep),
        cmocka_unit_test(takes_100000_values_and_no_more),
        cmocka_unit_test(a_billion_laughs_end_at_the_limit),
        cmocka_unit_test(laughs_by_merging_end_too),
        cmocka_unit_test(a_long_text_with_many_aliases_ends_at_the_limit),
        cmocka_unit_test(a_long_key_with_many_aliases_ends_at_the_limit),
        cmocka_unit_test(thousands_of_anchors_take_no_quadratic_time),
        cmocka_unit_test(reads_files_and_names_them),
        cmocka_unit_test(out_of_memory_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
