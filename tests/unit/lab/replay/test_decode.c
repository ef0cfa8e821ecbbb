// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "script.h"

#define STRUCT                                                                                     \
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "               \
    "\"json:\\\"kind,omitempty\\\"\" }"
#define PARSE "couldn't get version/kind; json parse error: "

struct row {
    const char *body, *error; /* error NULL: it can be read */
};

typedef struct decoded decode_fn(struct decoder *d, struct answer *a);

static void check(decode_fn *decode, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        scoped(free_at) char *body = quoted(rows[i].body);
        struct answer a = {.code = 200, .body = {body, strlen(body)}};
        struct decoder d = {0};
        const struct decoded found = decode(&d, &a);
        if (!found.error != !rows[i].error ||
            (found.error && strcmp(found.error, rows[i].error) != 0))
            fail_msg("%s: %s", rows[i].body, found.error ? found.error : "was read");
        answer_forget(&a);
        texts_done(&d.texts);
    }
}

static struct decoded expected(struct decoder *d, struct answer *a)
{
    return decode_expected(d, a, "metrics.k8s.io/v1beta1", "PodMetricsList");
}

static void a_client_that_expects_one_kind_wants_json(void **state)
{
    static const struct row rows[] = {
        {"{'kind':'PodMetricsList','apiVersion':'metrics.k8s.io/v1beta1'}", NULL},
        {"{'items':[]}", NULL},
        {"null", NULL},
        {"{'kind':'Status','apiVersion':'v1','status':'Success'}", NULL},
        {"", "0-length response with status code: 200 and content type: application/json"},
        {"<html>", PARSE "invalid character '<' looking for beginning of value"},
        {"[]", PARSE "json: cannot unmarshal array into Go value of type " STRUCT},
        {"{'kind':5}", PARSE "json: cannot unmarshal number into Go struct field .kind of type "
                             "string"},
        {"{'apiVersion':'a/b/c'}", "unexpected GroupVersion string: a/b/c"},
        {"{'kind':'Status','apiVersion':'v1','status':'Failure','message':'mm'}", "mm"},
        {"{'kind':'Status'}", ""},
        {"{'kind':'Scale'}", "no kind \"Scale\" is registered for version "
                             "\"metrics.k8s.io/v1beta1\" in scheme \"pkg/runtime/scheme.go:111\""},
    };
    (void)state;

    check(expected, rows, ARRAY_LEN(rows));
}

static struct decoded known(struct decoder *d, struct answer *a)
{
    static const struct decode_kind kinds[] = {{"autoscaling/v1", "Scale"}, {0}};

    return decode_known(d, a, kinds);
}

static void a_client_that_looks_at_the_kind_takes_yaml_too(void **state)
{
    static const struct row rows[] = {
        {"{'kind':'Scale','apiVersion':'autoscaling/v1'}", NULL},
        {"kind: Scale\napiVersion: autoscaling/v1\n", NULL},
        {"", "Object 'Kind' is missing in ''"},
        {"null", "Object 'Kind' is missing in 'null'"},
        {"{ }", "Object 'Kind' is missing in '{ }'"},
        {"{'kind':'Scale'}", "Object 'apiVersion' is missing in '{\"kind\":\"Scale\"}'"},
        {"404 page not found", PARSE "json: cannot unmarshal string into Go value of type " STRUCT},
        {"{'kind':", PARSE "unexpected end of JSON input"},
        {"{'kind':'Pod','apiVersion':'v1'}", "no kind \"Pod\" is registered for version \"v1\" in "
                                             "scheme \"pkg/runtime/scheme.go:111\""},
    };
    (void)state;

    check(known, rows, ARRAY_LEN(rows));
}

static struct decoded plain(struct decoder *d, struct answer *a)
{
    return decode_plain(d, a, "v1.APIGroupList");
}

static void discovery_wants_an_object_of_any_kind(void **state)
{
    static const struct row rows[] = {
        {"{'kind':'Pod'}", NULL},
        {"null", NULL},
        {"", "unexpected end of JSON input"},
        {"5", "json: cannot unmarshal number into Go value of type v1.APIGroupList"},
    };
    (void)state;

    check(plain, rows, ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_expects_one_kind_wants_json),
        cmocka_unit_test(a_client_that_looks_at_the_kind_takes_yaml_too),
        cmocka_unit_test(discovery_wants_an_object_of_any_kind),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
