// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/replay/scale.h"
#include "script.h"

#define CONVERT                                                                                    \
    "received an object from a /scale endpoint which was not convertible to autoscaling Scale: "   \
    "failed to parse target selector: "

static struct scale scale_of(struct asking *a, const char *body)
{
    char responses[1024];
    struct scale scale;

    (void)snprintf(responses, sizeof(responses), "'" SCALE_OF_WEB "':%s", body);
    *a = asking_new(responses);
    assert_int_equal(scale_read(&a->client, a->script.scenario->hpa.spec, &scale), 0);
    return scale;
}

static void reads_counts_and_a_canonical_selector(void **state)
{
    static const struct {
        const char *given, *selector;
    } rows[] = {
        {"app=web", "app=web"},
        {"b in (z,a,z), app == web", "app=web,b in (a,z)"},
        {"app=api,app=web", "app=web"},
        {"app in (web,api),app=web", "app=web,app in (api,web)"},
        {"", ""},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct asking a;
        char body[512];
        (void)snprintf(body, sizeof(body),
                       "{'kind':'Scale','apiVersion':'autoscaling/v1','metadata':{'name':'n'},"
                       "'spec':{'replicas':3},'status':{'replicas':4,'selector':'%s'}}",
                       rows[i].given);
        struct scale scale = scale_of(&a, body);
        assert_null(scale.error);
        assert_int_equal(scale.spec_replicas, 3);
        assert_int_equal(scale.status_replicas, 4);
        assert_string_equal(scale.selector, rows[i].selector);
        assert_string_equal(scale.name, "n");
        scale_done(&scale);
        asking_free(&a);
    }
}

#define SCALE(rest) "{'kind':'Scale','apiVersion':'autoscaling/v1'," rest "}"

static void says_why_a_body_is_no_scale(void **state)
{
    static const struct {
        const char *body, *error;
    } rows[] = {
        {"{'kind':'Scale'}", "Object 'apiVersion' is missing in '{\"kind\":\"Scale\"}'"},
        {SCALE("'spec':{'replicas':'x'}"), "json: cannot unmarshal string into Go struct field "
                                           "ScaleSpec.spec.replicas of type int32"},
        {SCALE("'status':{'replicas':3000000000}"),
         "json: cannot unmarshal number 3000000000 into Go struct field "
         "ScaleStatus.status.replicas of type int32"},
        {SCALE("'status':{'selector':'a<3'}"), CONVERT "\"lt\" isn't supported in label selectors"},
        {SCALE("'status':{'selector':'a!=b'}"),
         CONVERT "\"!=\" is not a valid label selector operator"},
        {SCALE("'status':{'selector':'=web'}"),
         CONVERT "couldn't parse the selector string \"=web\": found '=', expected: !, identifier, "
                 "or 'end of string'"},
        {"null", "the server could not find the requested resource"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct asking a;
        struct scale scale = scale_of(&a, rows[i].body);
        assert_string_equal(scale.error, rows[i].error);
        scale_done(&scale);
        asking_free(&a);
    }
}

/* Writes 5 to what a GET gives, and returns why that failed, or NULL. */
static const char *write_five(struct asking *a, const char *put, uint64_t *ret_waited_ns)
{
    char responses[1024];
    struct scale scale;
    const char *error;

    (void)snprintf(responses, sizeof(responses),
                   "'" SCALE_OF_WEB "':" SCALE_WITH_2 ",'PUT " SCALE_OF_WEB "':%s", put);
    *a = asking_new(responses);
    const struct hpa_spec *spec = a->script.scenario->hpa.spec;
    assert_int_equal(scale_read(&a->client, spec, &scale), 0);
    scale.spec_replicas = 5;
    assert_int_equal(scale_write(&a->client, spec, &scale, &error, ret_waited_ns), 0);
    scale_done(&scale);
    return error;
}

static void conflicts_are_tried_again_and_nothing_else(void **state)
{
    struct asking a;
    uint64_t waited_ns;
    (void)state;

    assert_null(write_five(&a, "[{'code':409},{'code':409},{'code':200}]", &waited_ns));
    assert_int_equal(waited_ns, 20000000);
    asking_free(&a);
    assert_string_equal(write_five(&a, "{'code':409}", &waited_ns),
                        "the server reported a conflict (put deployments web)");
    assert_int_equal(waited_ns, 40000000); /* between five writes */
    asking_free(&a);
    assert_non_null(write_five(&a, "[{'code':500},{'code':200}]", &waited_ns));
    assert_int_equal(waited_ns, 0);
    asking_free(&a);
    assert_non_null(write_five(&a, "{'code':200,'body':'{'}", &waited_ns));
    asking_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_counts_and_a_canonical_selector),
        cmocka_unit_test(says_why_a_body_is_no_scale),
        cmocka_unit_test(conflicts_are_tried_again_and_nothing_else),
    };
    return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
