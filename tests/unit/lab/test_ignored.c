// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/ignored.h"

#include <string.h>

static void note(void *arg, const char *path)
{
    strcat(arg, path);
    strcat(arg, ";");
}

static void check(enum kind_id kind, const char *text, const char *wanted)
{
    json_auto_t *object = json_loads(text, 0, NULL);
    char seen[1024] = "";

    assert_non_null(object);
    ignored_fields(&kinds[kind], object, note, seen);
    assert_string_equal(seen, wanted);
}

static void says_nothing_of_fields_that_count(void **state)
{
    (void)state;
    check(KIND_DEPLOYMENT,
          "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"a\","
          "\"labels\":{\"x.y/z\":\"1\"}},\"spec\":{\"replicas\":1,\"selector\":{\"matchLabels\":{"
          "\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{"
          "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"args\":[\"x\"],\"resources\":{"
          "\"limits\":{\"cpu\":1}}}]}}},\"status\":{\"replicas\":3}}",
          "");
}

static void names_each_ignored_field_once_and_as_a_whole(void **state)
{
    (void)state;
    check(KIND_DEPLOYMENT,
          "{\"spec\":{\"strategy\":{\"type\":\"Recreate\"},\"template\":{\"spec\":{\"affinity\":{"
          "\"a\":{\"b\":1}},\"containers\":[{\"name\":\"c\",\"lifecycle\":{\"preStop\":{}},"
          "\"readinessProbe\":{\"httpGet\":{\"path\":\"/\",\"scheme\":\"HTTPS\"}}}]}}}}",
          "spec.strategy;spec.template.spec.affinity;spec.template.spec.containers[0].lifecycle;"
          "spec.template.spec.containers[0].readinessProbe.httpGet.scheme;");
}

static void a_name_that_begins_like_a_known_one_is_another_one(void **state)
{
    (void)state;
    check(KIND_SERVICE, "{\"spec\":{\"selectors\":{},\"typ\":1,\"sessionAffinity\":\"None\"}}",
          "spec.selectors;spec.typ;spec.sessionAffinity;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_of_fields_that_count),
        cmocka_unit_test(names_each_ignored_field_once_and_as_a_whole),
        cmocka_unit_test(a_name_that_begins_like_a_known_one_is_another_one),
    };
    return cmocka_run_group_tests_name("ignored", tests, NULL, NULL);
}
