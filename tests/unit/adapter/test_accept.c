// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/api/accept.h"
#include "base/scoped.h"

#define AGGREGATED(v) "application/json;g=apidiscovery.k8s.io;v=" v ";as=APIGroupDiscoveryList"
#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io"
#define PROTOBUF "application/vnd.kubernetes.protobuf"
#define NONE 9

static const struct accept_form forms[] = {
    {0},
    {"APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"},
    {"APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2beta1"}};

static size_t choose(const char *first, const char *second)
{
    const struct http_pair headers[] = {{"accept", first}, {"Accept", second}};
    const struct http_request r = {.headers = headers,
                                   .header_count = (size_t)(first != NULL) + (second != NULL)};
    size_t form = NONE;

    return accept_choose(&r, forms, ARRAY_LEN(forms), &form) ? form : NONE;
}

static void chooses_what_the_client_likes_best(void **state)
{
    static const struct {
        const char *accept;
        size_t form;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"application/json", 0},
        {"Application/JSON ; charset=utf-8", 0},
        {"*/*", 0},
        {"application/*", 0},
        {PROTOBUF, NONE},
        {PROTOBUF ", */*", 0},
        {PROTOBUF ",application/json", 0},
        {"application/cbor,application/json;q=0.5", 0},
        {"application/json;q=0", NONE},
        {"text/html", NONE},
        {TABLE, NONE},
        {TABLE "," TABLE ",application/json", 0},
        {AGGREGATED("v2"), 1},
        {AGGREGATED("v2") "," AGGREGATED("v2beta1") ",application/json", 1},
        {AGGREGATED("v3") "," AGGREGATED("v2beta1") ",application/json", 2},
        {"application/json;q=0.9," AGGREGATED("v2beta1"), 2},
        {"application/json," AGGREGATED("v2"), 0},
        {"application/json; as=APIGroupDiscoveryList; v=v2; g=apidiscovery.k8s.io", 1},
        {",;,;;=,", NONE},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (choose(cases[i].accept, NULL) != cases[i].form)
            fail_msg("'%s' gives %zu", cases[i].accept, choose(cases[i].accept, NULL));
}

static void reads_every_header_line(void **state)
{
    (void)state;
    assert_int_equal(choose(PROTOBUF, "application/json"), 0);
    assert_int_equal(choose("application/json;q=0.1", AGGREGATED("v2")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_what_the_client_likes_best),
        cmocka_unit_test(reads_every_header_line),
    };
    return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
