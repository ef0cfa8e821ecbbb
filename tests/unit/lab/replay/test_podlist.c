// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "kube/selector.h"
#include "lab/replay/podview.h"
#include "script.h"

static void a_pod_that_is_written_as_before_is_not_read_again(void **state)
{
    const char *first =
        "{\"items\":[{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":\"b\"}}]}";
    const char *second = "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"name\":\"a\"}},{"
                         "\"metadata\":{\"name\":\"c\"}}]}";
    const struct answer one = {.code = 200, .body = {first, strlen(first)}};
    const struct answer two = {.code = 200, .body = {second, strlen(second)}};
    struct podlist l = {0};
    (void)state;

    assert_int_equal(podlist_read(&l, &one), 0);
    assert_int_equal(l.count, 2);
    const json_t *a = l.all[0].pod, *b = l.all[1].pod;
    assert_int_equal(podlist_read(&l, &two), 0);
    assert_int_equal(l.count, 2);
    assert_ptr_equal(l.all[0].pod, a);
    assert_ptr_not_equal(l.all[1].pod, b);
    podlist_done(&l);
}

static void what_is_no_list_has_no_pods(void **state)
{
    static const struct answer none[] = {
        {.code = 500, .body = {"{\"items\":[{}]}", 14}},
        {.code = 200, .body = {"[{}]", 4}},
        {.code = 200, .body = {"{\"items\":[{}", 12}},
        {.code = 200},
    };
    struct podlist l = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(podlist_read(&l, &none[i]), 0);
        assert_int_equal(l.count, 0);
    }
    assert_int_equal(podlist_read(&l, NULL), 0);
    assert_int_equal(l.count, 0);
    podlist_done(&l);
}

static void selects_and_keeps_what_it_selected(void **state)
{
    const char *text = "{\"items\":[{\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":\"web\"}}},"
                       "{\"metadata\":{\"name\":\"b\"}}]}";
    const struct answer answer = {.code = 200, .body = {text, strlen(text)}};
    struct script s = script_new("{" HPA_OF_WEB "}");
    const struct hpa_spec *spec = s.scenario->hpa.spec;
    struct selector *web = NULL, *all = NULL;
    struct podlist l = {0};
    struct podview v = {0};
    (void)state;

    assert_int_equal(selector_parse("app=web", &web, NULL), 0);
    assert_int_equal(selector_parse("", &all, NULL), 0);
    assert_int_equal(podlist_read(&l, &answer), 0);
    assert_int_equal(podview_select(&v, &l, web, "app=web", spec), 0);
    assert_int_equal(v.rows.count, 1);
    assert_string_equal(v.rows.rows[0].name, "a");
    const struct hpa_pod *rows = v.rows.rows;
    assert_int_equal(podview_select(&v, &l, web, "app=web", spec), 0);
    assert_ptr_equal(v.rows.rows, rows);
    assert_int_equal(podview_select(&v, &l, all, "", spec), 0);
    assert_int_equal(v.rows.count, 2);

    podview_done(&v);
    podlist_done(&l);
    selector_free(web);
    selector_free(all);
    script_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_that_is_written_as_before_is_not_read_again),
        cmocka_unit_test(what_is_no_list_has_no_pods),
        cmocka_unit_test(selects_and_keeps_what_it_selected),
    };
    return cmocka_run_group_tests_name("podlist", tests, NULL, NULL);
}
