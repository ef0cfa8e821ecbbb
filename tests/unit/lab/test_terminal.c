// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/terminal.h"

#include <stdlib.h>
#include <string.h>

static json_t *new_target(const char *name, int replicas)
{
    return json_pack("{s:s, s:{s:i}, s:{s:s}}", "hpa", name, "replicas", "current", replicas,
                     "decision", "sentence", "because");
}

/* What one more point prints; free() it. */
static char *print(struct terminal *t, int first, int second)
{
    char *text = NULL;
    size_t size = 0;
    json_auto_t *point =
        json_pack("{s:[o, o]}", "targets", new_target("a", first), new_target("b", second));

    t->out = open_memstream(&text, &size);
    assert_non_null(t->out);
    terminal_point(t, point);
    (void)fclose(t->out);
    return text;
}

static void prints_a_line_only_for_what_changed(void **state)
{
    struct terminal t = {0};
    char *text = print(&t, 1, 2);
    (void)state;

    assert_non_null(strstr(text, "NAME"));
    assert_non_null(strstr(text, "  a "));
    assert_non_null(strstr(text, "  b "));
    assert_non_null(strstr(text, "because"));
    free(text);
    text = print(&t, 1, 2);
    assert_string_equal(text, "");
    free(text);
    text = print(&t, 1, 3);
    assert_null(strstr(text, "  a "));
    assert_non_null(strstr(text, "  b "));
    free(text);
}

static void prints_what_a_scene_says_once(void **state)
{
    struct terminal t = {0};
    char *text = NULL;
    size_t size = 0;
    json_auto_t *point = json_pack("{s:{s:s, s:s, s:i, s:i}}", "scene", "name", "cpu", "say",
                                   "Watch.", "steps_done", 1, "steps", 3);
    (void)state;

    t.out = open_memstream(&text, &size);
    terminal_point(&t, point);
    terminal_point(&t, point);
    terminal_point(&t, NULL); /* out of memory: nothing */
    (void)fclose(t.out);
    assert_string_equal(text, "\n[cpu 2/3] Watch.\n");
    free(text);
}

static void prints_every_metric_as_kubectl_does(void **state)
{
    struct terminal t = {0};
    char *text = NULL;
    size_t size = 0;
    json_auto_t *point =
        json_pack("{s:[{s:s, s:[{s:s, s:f, s:f, s:s}, {s:s, s:n, s:f, s:s}]}]}", "targets", "hpa",
                  "a", "metrics", "name", "cpu", "value", 122.0, "target", 50.0, "unit", "%",
                  "name", "q", "value", "target", 5.0, "unit", "");
    (void)state;

    t.out = open_memstream(&text, &size);
    terminal_point(&t, point);
    (void)fclose(t.out);
    assert_non_null(strstr(text, " cpu: 122%/50%, q: <unknown>/5 "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_a_line_only_for_what_changed),
        cmocka_unit_test(prints_what_a_scene_says_once),
        cmocka_unit_test(prints_every_metric_as_kubectl_does),
    };
    json_object_seed(0);
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
