// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/job_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct refusal {
    const char *body, *text; /* a part of the sentence */
};

static void a_put_is_read_whole(void **state)
{
    static const char body[] = "{\"cpu_ms\":2.5,\"id\":\"a.b_c:D-1\",\"count\":10000,\"new\":[]}";
    struct put_request put;
    (void)state;

    assert_int_equal(put_request_read(body, strlen(body), &put, NULL), 0);
    assert_int_equal(put.count, 1);
    assert_false(put.is_list);
    assert_string_equal(put.puts[0].id, "a.b_c:D-1");
    assert_float_equal(put.puts[0].cpu_ms, 2.5, 0);
    assert_int_equal(put.puts[0].count, 10000);
    assert_int_equal(put.puts[0].delay_ns, 0);
    assert_null(put.puts[0].data);
    put_request_done(&put);
}

static void a_put_of_many_is_a_list_in_its_order(void **state)
{
    static const char body[] = "{\"jobs\":[{\"cpu_ms\":1,\"data\":\"x\\u00e9y\"},"
                               "{\"cpu_ms\":2,\"id\":\"b\",\"delay_seconds\":1.5,\"data\":\"\"}]}";
    struct put_request put;
    (void)state;

    assert_int_equal(put_request_read(body, strlen(body), &put, NULL), 0);
    assert_int_equal(put.count, 2);
    assert_true(put.is_list);
    assert_true(jobs_id_valid(put.puts[0].id));
    assert_string_equal(put.puts[0].data, "x\xc3\xa9y");
    assert_int_equal(put.puts[0].data_len, 4);
    assert_string_equal(put.puts[1].id, "b");
    assert_int_equal(put.puts[1].delay_ns, 1500 * NS_PER_MS);
    assert_string_equal(put.puts[1].data, "");
    put_request_done(&put);
}

static void data_beyond_its_limit_is_refused(void **state)
{
    scoped(buf_done) struct buf body = {.max = MIB};
    struct put_request put;
    struct err err = {0};
    (void)state;

    for (int more = 0; more <= 1; more++) {
        buf_clear(&body);
        assert_int_equal(
            buf_printf(&body, "{\"cpu_ms\":1,\"data\":\"%0*d\"}", JOBS_DATA_MAX + more, 0), 0);
        assert_int_equal(put_request_read(body.data, body.len, &put, &err), more ? -EINVAL : 0);
        if (!more)
            put_request_done(&put);
    }
    assert_string_equal(err.text, "data takes a text of at most 65536 bytes");
}

static void a_put_without_id_gets_one_of_its_own(void **state)
{
    static const char body[] = "{\"cpu_ms\":20}";
    struct put_request a, b;
    (void)state;

    assert_int_equal(put_request_read(body, strlen(body), &a, NULL), 0);
    assert_int_equal(put_request_read(body, strlen(body), &b, NULL), 0);
    assert_int_equal(a.puts[0].count, 1);
    assert_true(jobs_id_valid(a.puts[0].id));
    assert_string_not_equal(a.puts[0].id, b.puts[0].id);
    put_request_done(&a);
    put_request_done(&b);
}

static void a_wrong_put_is_refused_with_a_sentence(void **state)
{
    static const struct refusal cases[] = {
        {"", "cpu_ms is missing"},
        {"{}", "cpu_ms is missing"},
        {"[]", "not a JSON object"},
        {"{\"cpu_ms\":1", "not JSON: line 1"},
        {"{\"cpu_ms\":1,\"cpu_ms\":1}", "not JSON"},
        {"{\"cpu_ms\":1}x", "not JSON"},
        {"{\"cpu_ms\":-1}", "cpu_ms takes a number from 0 to 60000"},
        {"{\"cpu_ms\":60001}", "cpu_ms takes a number from 0 to 60000"},
        {"{\"cpu_ms\":\"1\"}", "cpu_ms takes a number from 0 to 60000"},
        {"{\"cpu_ms\":null}", "cpu_ms takes a number from 0 to 60000"},
        {"{\"cpu_ms\":1,\"count\":0}", "count takes a whole number from 1 to 10000"},
        {"{\"cpu_ms\":1,\"count\":10001}", "count takes a whole number from 1 to 10000"},
        {"{\"cpu_ms\":1,\"count\":1.5}", "count takes a whole number from 1 to 10000"},
        {"{\"cpu_ms\":1,\"id\":\"\"}", "id takes letters, digits"},
        {"{\"cpu_ms\":1,\"id\":\"a b\"}", "id takes letters, digits"},
        {"{\"cpu_ms\":1,\"id\":7}", "id takes a text"},
        {"{\"cpu_ms\":1,\"id\":\"a\\u0000b\"}", "not JSON"},
        {"{\"cpu_ms\":1,\"delay_seconds\":-1}", "delay_seconds takes a number from 0 to"},
        {"{\"cpu_ms\":1,\"data\":{}}", "data takes a text"},
        {"{\"jobs\":[]}", "jobs takes a list of 1 to 10000 objects"},
        {"{\"jobs\":{}}", "jobs takes a list of 1 to 10000 objects"},
        {"{\"jobs\":[{\"cpu_ms\":1},7]}", "job 2 of the list: jobs takes a list of objects"},
        {"{\"jobs\":[{\"cpu_ms\":1},{}]}", "job 2 of the list: cpu_ms is missing"},
        {"{\"jobs\":[{\"cpu_ms\":1,\"count\":10000},{\"cpu_ms\":1}]}", "all counts together"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct put_request put = {.count = 77};
        struct err err = {0};
        assert_int_equal(put_request_read(cases[i].body, strlen(cases[i].body), &put, &err),
                         -EINVAL);
        assert_int_equal(put.count, 77);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

static int read_put(const char *body)
{
    struct put_request put = {0};
    int r = put_request_read(body, strlen(body), &put, NULL);

    put_request_done(&put);
    return r;
}

static void the_ids_of_a_batch_fit_too(void **state)
{
    char body[256];
    (void)state;

    for (int len = JOBS_ID_MAX - 7; len <= JOBS_ID_MAX + 1; len++) {
        (void)snprintf(body, sizeof(body), "{\"cpu_ms\":1,\"id\":\"%0*d\"}", len, 0);
        assert_int_equal(read_put(body), len <= JOBS_ID_MAX ? 0 : -EINVAL);
        (void)snprintf(body, sizeof(body), "{\"cpu_ms\":1,\"count\":10000,\"id\":\"%0*d\"}", len,
                       0);
        assert_int_equal(read_put(body), len <= JOBS_ID_MAX - 6 ? 0 : -EINVAL);
    }
}

static void a_lease_has_defaults_for_everything(void **state)
{
    static const char full[] =
        "{\"worker\":\"w\",\"lease_seconds\":0.5,\"max\":100,\"wait_seconds\":20}";
    struct lease_request lease;
    (void)state;

    assert_int_equal(lease_request_read("", 0, &lease, NULL), 0);
    assert_string_equal(lease.worker, "");
    assert_int_equal(lease.lease_ns, 30 * NS_PER_S);
    assert_int_equal(lease.max, 1);
    assert_int_equal(lease.wait_ns, 0);

    assert_int_equal(lease_request_read(full, strlen(full), &lease, NULL), 0);
    assert_string_equal(lease.worker, "w");
    assert_int_equal(lease.lease_ns, NS_PER_S / 2);
    assert_int_equal(lease.max, 100);
    assert_int_equal(lease.wait_ns, 20 * NS_PER_S);
}

static void a_wrong_lease_is_refused_with_a_sentence(void **state)
{
    static const struct refusal cases[] = {
        {"{\"lease_seconds\":0}", "lease_seconds takes a number from 0.1 to 3600"},
        {"{\"lease_seconds\":1e300}", "lease_seconds takes a number from 0.1 to 3600"},
        {"{\"max\":101}", "max takes a whole number from 1 to 100"},
        {"{\"wait_seconds\":20.1}", "wait_seconds takes a number from 0 to 20"},
        {"{\"wait_seconds\":true}", "wait_seconds takes a number from 0 to 20"},
        {"{\"worker\":[]}", "worker takes a text of at most 253 bytes"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lease_request lease = {0};
        struct err err = {0};
        assert_int_equal(lease_request_read(cases[i].body, strlen(cases[i].body), &lease, &err),
                         -EINVAL);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

static void an_acknowledgement_needs_both_its_members(void **state)
{
    static const char good[] = "{\"id\":\"a\",\"lease\":\"7-1\"}";
    static const char *const bad[] = {"", "{\"id\":\"a\"}", "{\"lease\":\"7-1\"}",
                                      "{\"id\":\"\",\"lease\":\"7-1\"}"};
    struct held_request ack;
    (void)state;

    assert_int_equal(held_request_read(good, strlen(good), &ack, NULL), 0);
    assert_string_equal(ack.id, "a");
    assert_string_equal(ack.lease, "7-1");
    assert_int_equal(ack.lease_ns, 30 * NS_PER_S);
    assert_string_equal(ack.reason, "");
    assert_true(ack.delay_ns == UINT64_MAX);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        assert_int_equal(held_request_read(bad[i], strlen(bad[i]), &ack, &err), -EINVAL);
        assert_string_equal(err.text, "id and lease must be given");
    }
}

static void a_failure_has_a_reason_and_a_delay(void **state)
{
    static const char body[] =
        "{\"id\":\"a\",\"lease\":\"7-1\",\"reason\":\"no disk\",\"delay_seconds\":0}";
    struct held_request held;
    (void)state;

    assert_int_equal(held_request_read(body, strlen(body), &held, NULL), 0);
    assert_string_equal(held.reason, "no disk");
    assert_int_equal(held.delay_ns, 0);
}

static void a_requeue_may_name_a_job(void **state)
{
    static const char body[] = "{\"id\":\"a\"}";
    struct requeue_request requeue;
    (void)state;

    assert_int_equal(requeue_request_read("", 0, &requeue, NULL), 0);
    assert_string_equal(requeue.id, "");
    assert_int_equal(requeue_request_read(body, strlen(body), &requeue, NULL), 0);
    assert_string_equal(requeue.id, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_is_read_whole),
        cmocka_unit_test(a_put_of_many_is_a_list_in_its_order),
        cmocka_unit_test(data_beyond_its_limit_is_refused),
        cmocka_unit_test(a_put_without_id_gets_one_of_its_own),
        cmocka_unit_test(a_wrong_put_is_refused_with_a_sentence),
        cmocka_unit_test(the_ids_of_a_batch_fit_too),
        cmocka_unit_test(a_lease_has_defaults_for_everything),
        cmocka_unit_test(a_wrong_lease_is_refused_with_a_sentence),
        cmocka_unit_test(an_acknowledgement_needs_both_its_members),
        cmocka_unit_test(a_failure_has_a_reason_and_a_delay),
        cmocka_unit_test(a_requeue_may_name_a_job),
    };
    return cmocka_run_group_tests_name("job_request", tests, NULL, NULL);
}
