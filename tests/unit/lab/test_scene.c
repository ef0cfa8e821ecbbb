// SPDX-License-Identifier: MIT
#include "files.h"

#include "base/clock.h"
#include "base/err.h"
#include "lab/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/swell-test-scene-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[200];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/scene.yaml", folder);
    (void)unlink(path);
    return rmdir(folder);
}

static int read_text(const char *text, struct scene **ret, struct err *err)
{
    write_file_in(folder, "scene.yaml", text);
    return scene_read(folder, ret, err);
}

static void reads_steps_load_and_conditions(void **state)
{
    struct scene *s = NULL;
    char text[64];

    (void)state;
    assert_int_equal(read_text("title: T\n"
                               "target: web\n"
                               "steps:\n"
                               "- say: go\n"
                               "  load: {url: \"http://web/\", clients: 2, pause: 10ms}\n"
                               "  for: 30s\n"
                               "  until: {replicas: \">= 4\"}\n"
                               "  within: 5m\n"
                               "- load: none\n"
                               "  until: {replicas: \"==1\", drained: true}\n",
                               &s, NULL),
                     0);
    assert_string_equal(s->title, "T");
    assert_int_equal(s->step_count, 2);
    assert_int_equal(s->steps[0].load.change, SCENE_START);
    assert_string_equal(s->steps[0].load.words[0], "run");
    assert_string_equal(s->steps[0].load.words[4], "--clients=2");
    assert_string_equal(s->steps[0].load.words[6], "http://web/");
    assert_int_equal(s->steps[0].for_ns, 30 * NS_PER_S);
    assert_int_equal(s->steps[0].within_ns, 300 * NS_PER_S);
    assert_string_equal(scene_condition_text(&s->steps[0].conditions[0], text), "replicas >= 4");
    assert_int_equal(s->steps[1].load.change, SCENE_STOP);
    assert_int_equal(s->steps[1].condition_count, 2);
    scene_free(s);
}

static void compares_as_written(void **state)
{
    const struct scene_condition at_least = {SCENE_READY, SCENE_AT_LEAST, 4};
    const struct scene_condition at_most = {SCENE_DEPTH, SCENE_AT_MOST, 4};
    const struct scene_condition equal = {SCENE_REPLICAS, SCENE_EQUAL, 4};

    (void)state;
    assert_true(scene_condition_holds(&at_least, 4));
    assert_false(scene_condition_holds(&at_least, 3));
    assert_true(scene_condition_holds(&at_most, 4));
    assert_false(scene_condition_holds(&at_most, 5));
    assert_true(scene_condition_holds(&equal, 4));
    assert_false(scene_condition_holds(&equal, 5));
}

static void refuses_with_the_line(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"title: T\ntarget: w\nsteps: []\n", "scene.yaml:3: a scene has 1 to 32 steps"},
        {"title: T\nsteps:\n- for: 1s\n", "scene.yaml:1: a scene needs title and target"},
        {"title: T\ntarget: w\nspeed: 3\nsteps:\n- for: 1s\n",
         "scene.yaml:3: unknown member 'speed'"},
        {"title: T\ntarget: w\nsteps:\n- say: hi\n", "scene.yaml:4: a step needs 'for' or 'until'"},
        {"title: T\ntarget: w\nsteps:\n- for: 1s\n- for: soon\n",
         "scene.yaml:5: for must be a duration such as 30s or 5m"},
        {"title: T\ntarget: w\nsteps:\n- until: {replicas: many}\n",
         "scene.yaml:4: replicas must be a comparison such as \">= 4\""},
        {"title: T\ntarget: w\nsteps:\n- until: {pods: \">= 1\"}\n",
         "scene.yaml:4: until knows replicas, ready, depth and drained, not 'pods'"},
        {"title: T\ntarget: w\nsteps:\n- load: {clients: 1}\n  for: 1s\n",
         "scene.yaml:4: load needs a url"},
        {"title: T\ntarget: w\nsteps:\n- produce: {rate: 1}\n  for: 1s\n",
         "scene.yaml:4: produce needs the scene's queue: {service: ..., name: ...}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene *s = NULL;
        struct err e = {0};
        assert_int_equal(read_text(cases[i].text, &s, &e), -EINVAL);
        const char *slash = strrchr(e.text, '/') ? strstr(e.text, "scene.yaml") : e.text;
        assert_string_equal(slash, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_steps_load_and_conditions),
        cmocka_unit_test(compares_as_written),
        cmocka_unit_test(refuses_with_the_line),
    };
    return cmocka_run_group_tests_name("scene", tests, make_folder, remove_folder);
}
