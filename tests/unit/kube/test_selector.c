// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/selector.h"

#include "base/err.h"
#include "base/scoped.h"
#include "fail_alloc.h"

#include <errno.h>
#include <string.h>

static void selector_free_at(struct selector **s)
{
    selector_free(*s);
}

static struct selector *parse(const char *text)
{
    struct selector *s = NULL;
    struct err err = {0};

    if (selector_parse(text, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static void assert_formats_as(const struct selector *s, const char *expected)
{
    scoped(buf_done) struct buf b = {.max = 4 * KIB};

    assert_int_equal(selector_format(s, &b), 0);
    assert_string_equal(b.data ? b.data : "", expected);
}

static void writes_the_canonical_text(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {" \t\r\n", ""},
        {"a", "a"},
        {"!a", "!a"},
        {"! a", "!a"},
        {"a=b", "a=b"},
        {"a==b", "a=b"},
        {" a = b ", "a=b"},
        {"a != b", "a!=b"},
        {"a=", "a="},
        {"a=,b", "a=,b"},
        {"a!=", "a!="},
        {"a in (b)", "a in (b)"},
        {"a in(z,b,z,a)", "a in (a,b,z)"},
        {"a\tnotin\n( b , c )", "a notin (b,c)"},
        {"a in (,b)", "a in (,b)"},
        {"a in (b,)", "a in (,b)"},
        {"a in (,)", "a in ()"},
        {"a in ()", "a in ()"}, /* one value: the empty one */
        {"queue in (a,b),!debug,tier!=x", "!debug,queue in (a,b),tier!=x"},
        {"b=2,a=1,b!=3,a", "a=1,a,b=2,b!=3"}, /* of one key: in the order given */
        {"a in (in,notin)", "a in (in,notin)"},
        {"a=in", "a=in"},
        {"in", "in"},
        {"in=a,!notin", "in=a,!notin"},
        {"in in (in)", "in in (in)"},
        {"app.kubernetes.io/name=web", "app.kubernetes.io/name=web"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        scoped(selector_free_at) struct selector *s = parse(rows[i][0]);
        assert_formats_as(s, rows[i][1]);
    }
}

static void refuses_what_kubernetes_refuses(void **state)
{
    static const char *const rows[] = {
        ",",          "a,",        ",a",   "a,,b",   "=",       "=b",         "a=!b",
        "a=b=c",      "a b",       "a in", "a in b", "a in (b", "a in (b c)", "a in (b",
        "a in ((b))", "a in (b)c", "!",    "!a=b",   "!!a",     "!a in (b)",  "notin (a)",
        "a>5",        "a<5",       "a=>5", "(a)",    "a)",      "a!",         "a=b!",
        "a=b c",      "-a",        "a-",   "a=-b",   "a=b.",    "a=b/c",      "a@b",
        "a=\xc3\xa4", "/a",        "a/",   "a/b/c",  "A.b/c",   "a..b/c",     ".a/c",
        "a./c",       "a-/c",      "-a/c", "a.-b/c", "a-.b/c",  "a_b/c",      "a in (b,-)",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct selector *s = NULL;
        struct err err = {0};
        int r = selector_parse(rows[i], &s, &err);
        if (r != -EINVAL || s || !*err.text)
            fail_msg("'%s': %d, \"%s\"", rows[i], r, err.text);
    }
}

static int parse_key(size_t prefix_len, size_t name_len, size_t value_len)
{
    scoped(buf_done) struct buf b = {.max = KIB};
    struct selector *s = NULL;

    for (size_t i = 0; i < prefix_len; i++)
        assert_int_equal(buf_puts(&b, "p"), 0);
    assert_int_equal(buf_puts(&b, prefix_len ? "/" : ""), 0);
    for (size_t i = 0; i < name_len; i++)
        assert_int_equal(buf_puts(&b, "n"), 0);
    assert_int_equal(buf_puts(&b, "="), 0);
    for (size_t i = 0; i < value_len; i++)
        assert_int_equal(buf_puts(&b, "v"), 0);

    int r = selector_parse(b.data, &s, NULL);
    selector_free(s);
    return r;
}

static void names_and_values_have_63_characters_and_prefixes_253(void **state)
{
    (void)state;

    assert_int_equal(parse_key(253, 63, 63), 0);
    assert_int_equal(parse_key(254, 63, 63), -EINVAL);
    assert_int_equal(parse_key(0, 64, 63), -EINVAL);
    assert_int_equal(parse_key(0, 63, 64), -EINVAL);
}

static void says_what_is_wrong_and_where(void **state)
{
    struct selector *s = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(selector_parse("a in (b", &s, &err), -EINVAL);
    assert_string_equal(err.text, "unable to parse requirement: found '', expected: ',' or ')'");
    assert_int_equal(selector_parse("a b", &s, &err), -EINVAL);
    assert_string_equal(err.text,
                        "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, "
                        "gt, lt");
    assert_int_equal(selector_parse("x>5", &s, &err), -EINVAL);
    assert_string_equal(err.text, "key 'x': '<' and '>' are not supported");
}

static void matches_as_kubernetes_does(void **state)
{
    static const struct {
        const char *text;
        bool matches;
    } rows[] = {
        {"", true},
        {"app", true},
        {"none", false},
        {"!app", false},
        {"!none", true},
        {"app=web", true},
        {"app=we", false},
        {"none=web", false},
        {"none=", false},
        {"app!=web", false},
        {"app!=x", true},
        {"none!=x", true},
        {"empty=", true},
        {"empty!=", false},
        {"app in (a,web,z)", true},
        {"app in (a,z)", false},
        {"none in (a)", false},
        {"app notin (a,z)", true},
        {"app notin (a,web)", false},
        {"none notin (a)", true},
        {"empty in (,x)", true},
        {"app=web,tier=front", true},
        {"app=web,tier=back", false},
        {"app=web,app!=web", false},
        {"x.io/part=p", true},
        {"number", false},
        {"!number", true},
    };
    json_auto_t *labels = json_pack("{s:s,s:s,s:s,s:s,s:i}", "app", "web", "tier", "front", "empty",
                                    "", "x.io/part", "p", "number", 1);
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        scoped(selector_free_at) struct selector *s = parse(rows[i].text);
        if (selector_matches(s, labels) != rows[i].matches)
            fail_msg("'%s' matches: %d", rows[i].text, !rows[i].matches);
    }
}

static void no_labels_are_like_empty_ones(void **state)
{
    scoped(selector_free_at) struct selector *absent = parse("!a,b!=c");
    scoped(selector_free_at) struct selector *present = parse("a");
    (void)state;

    assert_true(selector_matches(absent, NULL));
    assert_false(selector_matches(present, NULL));
}

static struct selector *from_json(const char *json)
{
    json_auto_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    struct selector *s = NULL;
    struct err err = {0};

    if (selector_from_json(value, &s, &err) < 0)
        fail_msg("%s: %s", json, err.text);
    return s;
}

static void reads_label_selector_objects(void **state)
{
    static const char *const rows[][2] = {
        {"null", ""},
        {"{}", ""},
        {"{\"matchLabels\":null,\"matchExpressions\":null}", ""},
        {"{\"matchLabels\":{\"b\":\"1\",\"a\":\"\"}}", "a=,b=1"},
        {"{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"z\",\"a\"]}]}",
         "k in (a,z)"},
        {"{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"NotIn\",\"values\":[\"a\"]},"
         "{\"key\":\"e\",\"operator\":\"Exists\"},"
         "{\"key\":\"d\",\"operator\":\"DoesNotExist\",\"values\":[]}]}",
         "!d,e,k notin (a)"},
        {"{\"matchLabels\":{\"m\":\"1\"},\"matchExpressions\":"
         "[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":null}],\"unknown\":1}",
         "a,m=1"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        scoped(selector_free_at) struct selector *s = from_json(rows[i][0]);
        assert_formats_as(s, rows[i][1]);
        assert_int_equal(selector_is_empty(s), rows[i][1][0] == '\0');
    }
}

static void no_object_matches_everything(void **state)
{
    scoped(selector_free_at) struct selector *s = NULL;
    (void)state;

    assert_int_equal(selector_from_json(NULL, &s, NULL), 0);
    assert_true(selector_is_empty(s));
    assert_true(selector_matches(s, NULL));
}

static void refuses_broken_objects_and_says_why(void **state)
{
    static const char *const rows[][2] = {
        {"[]", "a label selector must be an object"},
        {"{\"matchLabels\":[]}", "matchLabels must be an object"},
        {"{\"matchLabels\":{\"a\":1}}", "matchLabels.'a' must be a string"},
        {"{\"matchLabels\":{\"-\":\"1\"}}", "label key '-'"},
        {"{\"matchLabels\":{\"a\":\"/\"}}", "label value '/' of key 'a'"},
        {"{\"matchExpressions\":{}}", "matchExpressions must be a list"},
        {"{\"matchExpressions\":[1]}", "matchExpressions[0]: operator must be In, "},
        {"{\"matchExpressions\":[{\"operator\":\"Exists\"}]}",
         "matchExpressions[0]: key must be a string"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"},"
         "{\"key\":\"a\",\"operator\":\"in\"}]}",
         "matchExpressions[1]: operator must be In, "},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
         "matchExpressions[0]: the set of values for key 'a' is empty"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":\"b\"}]}",
         "matchExpressions[0]: values must be a list of strings"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"b\",1]}]}",
         "matchExpressions[0]: values must be a list of strings"},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"b\"]}]}",
         "matchExpressions[0]: key 'a': Exists and DoesNotExist take no values"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_auto_t *value = json_loads(rows[i][0], 0, NULL);
        struct selector *s = NULL;
        struct err err = {0};
        int r = selector_from_json(value, &s, &err);
        if (r != -EINVAL || s || strncmp(err.text, rows[i][1], strlen(rows[i][1])) != 0)
            fail_msg("%s: %d, \"%s\"", rows[i][0], r, err.text);
    }
}

static void format_stops_at_the_buffers_end(void **state)
{
    scoped(selector_free_at) struct selector *s = parse("a in (b,c),d");
    (void)state;

    for (size_t max = 0; max < strlen("a in (b,c),d"); max++) {
        scoped(buf_done) struct buf b = {.max = max};
        assert_int_equal(selector_format(s, &b), -E2BIG);
    }
}

/* 64 KiB of query must not take quadratic time; the test's time limit sees it. */
static void thousands_of_requirements_are_sorted(void **state)
{
    scoped(buf_done) struct buf in = {.max = MIB}, out = {.max = MIB}, sorted = {.max = MIB};
    (void)state;

    for (int i = 99999; i >= 0; i--)
        assert_int_equal(buf_printf(&in, "k%05d%s", i, i ? "," : ""), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_printf(&sorted, "%sk%05d", i ? "," : "", i), 0);
    scoped(selector_free_at) struct selector *s = parse(in.data);
    assert_int_equal(selector_format(s, &out), 0);
    assert_string_equal(out.data, sorted.data);
}

static void out_of_memory_is_reported_and_leaks_nothing(void **state)
{
    json_auto_t *value =
        json_loads("{\"matchLabels\":{\"b\":\"1\",\"a\":\"\"},\"matchExpressions\":"
                   "[{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"z\",\"a\"]}]}",
                   0, NULL);
    bool failed = true;
    (void)state;

    for (long n = 0; failed; n++) {
        struct selector *a = NULL, *b = NULL;
        struct err err = {0};
        fail_alloc_at(n);
        int r = selector_parse("a=b,c in (d,e,f),!g,h!=i,j", &a, &err);
        if (r == 0)
            r = selector_from_json(value, &b, &err);
        failed = fail_alloc_stop();
        assert_int_equal(r, failed ? -ENOMEM : 0);
        assert_string_equal(err.text + (r ? strlen(err.text) - strlen("out of memory") : 0),
                            r ? "out of memory" : "");
        selector_free(a);
        selector_free(b);
        assert_in_range(n, 0, 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_canonical_text),
        cmocka_unit_test(refuses_what_kubernetes_refuses),
        cmocka_unit_test(names_and_values_have_63_characters_and_prefixes_253),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(matches_as_kubernetes_does),
        cmocka_unit_test(no_labels_are_like_empty_ones),
        cmocka_unit_test(reads_label_selector_objects),
        cmocka_unit_test(no_object_matches_everything),
        cmocka_unit_test(refuses_broken_objects_and_says_why),
        cmocka_unit_test(format_stops_at_the_buffers_end),
        cmocka_unit_test(thousands_of_requirements_are_sorted),
        cmocka_unit_test(out_of_memory_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
