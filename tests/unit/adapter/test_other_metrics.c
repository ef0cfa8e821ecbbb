// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/forward/other_metrics.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define EXTERNAL "external.metrics.k8s.io/v1beta1"
#define CUSTOM "custom.metrics.k8s.io/v1beta2"
#define LIST(version, resources)                                                                   \
    "{\"kind\":\"APIResourceList\",\"groupVersion\":\"" version "\",\"resources\":" resources "}"

static int parse(enum pass_group group, int status, const char *text, struct other_metrics **ret,
                 struct err *err)
{
    scoped(buf_done) struct buf body = {.max = 64 * KIB};

    assert_int_equal(buf_puts(&body, text), 0);
    return other_metrics_read(group, status, &body, ret, err);
}

static struct other_metrics *good(enum pass_group group, const char *text)
{
    struct other_metrics *m = NULL;
    struct err err = {0};

    if (parse(group, 200, text, &m, &err) < 0)
        fail_msg("%s", err.text);
    return m;
}

static void takes_names_in_the_form_of_the_group(void **state)
{
    struct other_metrics *m =
        good(PASS_EXTERNAL, LIST(EXTERNAL, "[{\"name\":\"lag\",\"namespaced\":true},"
                                           "{\"name\":\"pods/x\"},{\"name\":\"a b\"},"
                                           "{\"name\":\"\"},{\"name\":7},{},3]"));
    (void)state;

    assert_int_equal(m->count, 1);
    assert_int_equal(m->left_out, 6);
    assert_string_equal(m->items[0].name, "lag");
    assert_true(m->items[0].namespaced);
    other_metrics_unref(m);

    m = good(PASS_CUSTOM,
             LIST(CUSTOM, "[{\"name\":\"nodes/load\"},{\"name\":\"lag\"},"
                          "{\"name\":\"/x\"},{\"name\":\"x/\"},{\"name\":\"a/b/c\"}]"));
    assert_int_equal(m->count, 1);
    assert_string_equal(m->items[0].name, "nodes/load");
    assert_false(m->items[0].namespaced);
    other_metrics_unref(m);
}

static void nothing_may_be_null(void **state)
{
    struct other_metrics *m = good(PASS_EXTERNAL, LIST(EXTERNAL, "null"));
    (void)state;

    assert_int_equal(m->count, 0);
    other_metrics_unref(m);
}

static void what_is_no_list_of_the_group_is_refused(void **state)
{
    static const struct {
        int status, code;
        const char *text;
    } cases[] = {
        {200, -ENOMSG, ""},
        {200, -ENOMSG, "[]"},
        {200, -ENOMSG, LIST(CUSTOM, "[]")},
        {200, -ENOMSG, LIST(EXTERNAL, "{}")},
        {200, -ENOMSG, "{\"groupVersion\":\"" EXTERNAL "\",\"resources\":[]}"},
        {404, -EBADMSG, LIST(EXTERNAL, "[]")},
        {302, -EBADMSG, LIST(EXTERNAL, "[]")},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct other_metrics *m = NULL;
        struct err err = {0};
        assert_int_equal(parse(PASS_EXTERNAL, cases[i].status, cases[i].text, &m, &err),
                         cases[i].code);
        assert_null(m);
        assert_true(strncmp(err.text, "answers ", 8) == 0);
    }
}

static void knows_a_list_again(void **state)
{
    static const char *const texts[] = {
        LIST(EXTERNAL, "[{\"name\":\"a\",\"namespaced\":true}]"),
        LIST(EXTERNAL, "[{\"name\":\"a\",\"namespaced\":false}]"),
        LIST(EXTERNAL, "[{\"name\":\"b\",\"namespaced\":true}]"),
        LIST(EXTERNAL, "[{\"name\":\"a\",\"namespaced\":true},{\"name\":\"b\"}]")};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
            struct other_metrics *a = good(PASS_EXTERNAL, texts[i]);
            struct other_metrics *b = good(PASS_EXTERNAL, texts[k]);
            assert_int_equal(other_metrics_equal(a, b), i == k);
            other_metrics_unref(a);
            other_metrics_unref(b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_names_in_the_form_of_the_group),
        cmocka_unit_test(nothing_may_be_null),
        cmocka_unit_test(what_is_no_list_of_the_group_is_refused),
        cmocka_unit_test(knows_a_list_again),
    };
    return cmocka_run_group_tests_name("other_metrics", tests, NULL, NULL);
}
