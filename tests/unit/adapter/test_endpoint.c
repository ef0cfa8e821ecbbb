// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/sources/endpoint.h"

#include <errno.h>
#include <unistd.h>

/* The request of an http source with these fields beside its valuePath. */
static int request_of(const char *fields, struct source_request *ret, struct err *err)
{
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml), "{http: {valuePath: x, %s}}", fields);
    struct source *source = make_source(yaml);
    int r = source->kind->request(source, &(struct source_poll){0}, ret, err);
    if (ret->call.url) /* what is borrowed goes with the source, as with a query's */
        (void)source_request_keep(ret, strdup("end"));
    source_unref(source);
    return r;
}

static void sends_credentials_from_the_environment_and_from_files(void **state)
{
    char path[] = "/tmp/test_endpoint_XXXXXX", fields[256];
    struct source_request request = {0};
    struct err err = {0};
    int fd = mkstemp(path);
    (void)state;

    assert_int_equal(write(fd, "hunter2\n", 8), 8);
    assert_int_equal(setenv("TEST_TOKEN", "abc", 1), 0);
    (void)snprintf(fields, sizeof(fields),
                   "url: 'http://q', basic: {username: me, password: {file: %s}}", path);
    assert_int_equal(request_of(fields, &request, &err), 0);
    assert_string_equal(request.call.password, "hunter2");
    source_request_done(&request);

    assert_int_equal(pwrite(fd, "renewed\r\n", 9, 0), 9); /* counts from the next request on */
    assert_int_equal(request_of(fields, &request, &err), 0);
    assert_string_equal(request.call.password, "renewed");
    source_request_done(&request);

    assert_int_equal(request_of("url: 'http://q', bearerToken: {env: TEST_TOKEN}", &request, &err),
                     0);
    assert_string_equal(request.call.bearer, "abc");
    source_request_done(&request);
    close(fd);
    unlink(path);
}

static void sends_an_api_key_in_a_header_or_the_query(void **state)
{
    struct source_request request = {0};
    struct err err = {0};
    (void)state;

    assert_int_equal(setenv("TEST_KEY", "a&b", 1), 0);
    assert_int_equal(request_of("url: 'http://q/a?b=c', apiKey: {query: key, value: {env: "
                                "TEST_KEY}}",
                                &request, &err),
                     0);
    assert_string_equal(request.call.url, "http://q/a?b=c&key=a%26b");
    source_request_done(&request);
    assert_int_equal(
        request_of("url: 'http://q', apiKey: {header: X-API-KEY, value: {env: TEST_KEY}}", &request,
                   &err),
        0);
    assert_string_equal(request.call.headers[1], "X-API-KEY: a&b");
    assert_null(request.call.headers[2]);
    source_request_done(&request);

    assert_int_equal(setenv("TEST_KEY", "a\r\nX-Other: b", 1), 0);
    assert_int_equal(
        request_of("url: 'http://q', apiKey: {header: X-API-KEY, value: {env: TEST_KEY}}", &request,
                   &err),
        -EINVAL);
    assert_string_equal(err.text, "cannot be asked: its API key fits no header");
    source_request_done(&request);
}

static void a_credential_that_is_not_there_is_named_and_not_left_out(void **state)
{
    struct source_request request = {0};
    struct err err = {0};
    (void)state;

    assert_int_equal(unsetenv("TEST_NONE"), 0);
    assert_true(request_of("url: 'http://q', bearerToken: {env: TEST_NONE}", &request, &err) < 0);
    assert_string_equal(err.text, "cannot be asked: the environment has no TEST_NONE");
    source_request_done(&request);
    assert_true(
        request_of("url: 'http://q', bearerToken: {file: /does/not/exist}", &request, &err) < 0);
    assert_non_null(strstr(err.text, "cannot be asked: its credential is not there: "));
    assert_non_null(strstr(err.text, "/does/not/exist"));
    source_request_done(&request);
}

static void skips_verification_only_when_that_is_written(void **state)
{
    struct source *plain = make_source("{http: {url: 'https://q', valuePath: x}}");
    struct source *own = make_source("{http: {url: 'https://q', valuePath: x, tls: {caFile: a, "
                                     "certFile: b, keyFile: c, insecureSkipVerify: true}}}");
    struct source_request request = {0};
    (void)state;

    assert_int_equal(plain->kind->request(plain, &(struct source_poll){0}, &request, NULL), 0);
    assert_false(request.call.insecure_skip_verify);
    assert_null(request.call.ca_file);
    source_request_done(&request);
    assert_int_equal(own->kind->request(own, &(struct source_poll){0}, &request, NULL), 0);
    assert_true(request.call.insecure_skip_verify);
    assert_string_equal(request.call.ca_file, "a");
    assert_string_equal(request.call.cert_file, "b");
    assert_string_equal(request.call.key_file, "c");
    source_request_done(&request);
    source_unref(plain);
    source_unref(own);
}

static void refuses_fields_that_are_wrong_without_repeating_a_secret(void **state)
{
#define AT "s.yaml:1: source.http."
    static const struct {
        const char *fields, *sentence;
    } cases[] = {
        {"basic: {username: a, password: hunter2}",
         AT "basic.password takes {file: PATH} or {env: NAME}: a secret is not written into the "
            "configuration"},
        {"basic: {username: a, password: {}}", AT "basic.password takes either file or env"},
        {"basic: {username: a, password: {file: a, env: b}}",
         AT "basic.password takes either file or env"},
        {"basic: {username: 'a:b', password: {env: b}}", AT "basic.username cannot have a colon"},
        {"basic: {username: a, password: {env: b}}, bearerToken: {env: b}",
         AT "bearerToken and basic exclude each other"},
        {"apiKey: {value: {env: b}}", AT "apiKey takes either header or query"},
        {"apiKey: {header: 'a b', value: {env: b}}", AT "apiKey.header takes the name of a header"},
        {"headers: {a: 5}", AT "headers takes names and texts of headers"},
        {"headers: {a: \"b\\nc\"}", AT "headers takes names and texts of headers"},
        {"headers: {a: b, c: d, e: f, g: h, i: j}",
         AT "headers takes a mapping of at most 4 headers"},
        {"tls: {certFile: a}", AT "tls.certFile and keyFile need each other"},
        {"tls: {insecureSkipVerify: 1}", AT "tls.insecureSkipVerify takes true or false"},
    };
    char yaml[512];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        (void)snprintf(yaml, sizeof(yaml), "{http: {valuePath: x, url: 'http://q', %s}}",
                       cases[i].fields);
        refuses_source(yaml, cases[i].sentence);
    }
}

static void an_address_alone_is_an_endpoint(void **state)
{
    struct endpoint *e = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(endpoint_new("https://u:p@prom:9090/base?x=y", &e, &err), 0);
    assert_string_equal(endpoint_shown_as(e), "https://prom:9090/base");
    assert_string_equal(endpoint_host(e), "prom:9090");
    assert_string_equal(endpoint_path(e), "/base");
    endpoint_unref(e);
    assert_int_equal(endpoint_new("hunter2", &e, &err), -EINVAL);
    assert_string_equal(err.text, "takes an address such as http://queue:8080/depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_credentials_from_the_environment_and_from_files),
        cmocka_unit_test(sends_an_api_key_in_a_header_or_the_query),
        cmocka_unit_test(a_credential_that_is_not_there_is_named_and_not_left_out),
        cmocka_unit_test(skips_verification_only_when_that_is_written),
        cmocka_unit_test(refuses_fields_that_are_wrong_without_repeating_a_secret),
        cmocka_unit_test(an_address_alone_is_an_endpoint),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
