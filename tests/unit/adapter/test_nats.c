// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include <errno.h>

#define SOURCE "{nats: {url: 'http://n1:8222', account: shop, stream: ORDERS, consumer: workers}}"
#define JSZ(cluster_size, leader, pending, unacknowledged)                                         \
    "{\"meta_cluster\":{\"cluster_size\":" cluster_size "},\"account_details\":[{\"name\":"        \
    "\"shop\",\"id\":\"A1\",\"stream_detail\":[{\"name\":\"ORDERS\",\"consumer_detail\":[{"        \
    "\"name\":\"workers\",\"num_pending\":" pending ",\"num_ack_pending\":" unacknowledged         \
    ",\"cluster\":{\"leader\":\"" leader "\"}}]}]}]}"

static void asks(const struct source *s, struct source_poll *p, const char *url)
{
    struct source_request request = {0};
    struct err err = {0};

    assert_int_equal(s->kind->request(s, p, &request, &err), 0);
    assert_string_equal(request.call.url, url);
    source_request_done(&request);
}

static int hears(const struct source *s, struct source_poll *p, const char *text,
                 struct samples **ret, struct err *err)
{
    int r = read_answer(s, p, 200, text, strlen(text), ret, err);

    p->step++;
    return r;
}

static void one_server_answers_for_itself(void **state)
{
    struct source *source = make_source(SOURCE);
    (void)state;

    assert_string_equal(source->shown_as, "NATS at n1:8222");
    has_value(source, JSZ("1", "", "12", "3"), 15000);
    has_value(source,
              "{\"account_details\":[{\"id\":\"shop\",\"stream_detail\":[{\"name\":\"ORDERS\","
              "\"consumer_detail\":[{\"name\":\"workers\",\"num_pending\":0,\"num_ack_pending\":"
              "0}]}]}]}",
              0);
    source_unref(source);
}

/* As an account without limits says it. */
static void integers_beyond_63_bits_are_read(void **state)
{
    struct source *source = make_source(SOURCE);
    (void)state;

    has_value(source, JSZ("1,\"reserved_memory\":18446744073709551615", "", "12", "3"), 15000);
    source_unref(source);
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    struct source *source = make_source(SOURCE);
    (void)state;

    has_no_value(source, 200, "{}", -ENOMSG, "has no account 'shop' with streams");
    has_no_value(source, 200, "{\"account_details\":[{\"name\":\"shop\"}]}", -ENOMSG,
                 "has no stream 'ORDERS' in account 'shop'");
    has_no_value(source, 200,
                 "{\"account_details\":[{\"name\":\"shop\",\"stream_detail\":[{\"name\":"
                 "\"ORDERS\"}]}]}",
                 -ENOMSG, "has no consumer 'workers' of stream 'ORDERS'");
    has_no_value(source, 200, JSZ("1", "", "null", "3"), -ENOMSG,
                 "answers what is no state of a consumer");
    has_no_value(source, 503, "{}", -EBADMSG, "answers 503");
    source_unref(source);
}

#define JSZ_URL(host) "http://" host "/jsz?acc=shop&consumers=true&config=true"

static void in_a_cluster_only_the_leader_counts_and_is_remembered(void **state)
{
    struct source *source = make_source(SOURCE);
    void *memory = calloc(1, source->kind->memory_size);
    struct source_poll poll = {.memory = memory};
    struct samples *samples[5];
    struct err err = {0};
    (void)state;

    asks(source, &poll, JSZ_URL("n1:8222"));
    assert_int_equal(hears(source, &poll, JSZ("2", "two", "1", "1"), &samples[0], &err),
                     SOURCE_ASK_AGAIN);
    asks(source, &poll, "http://n1:8222/varz");
    assert_int_equal(hears(source, &poll,
                           "{\"server_name\":\"one\",\"cluster\":{\"urls\":[\"n2:6222\"]},"
                           "\"connect_urls\":[\"n1:4222\",\"n2:4222\"]}",
                           &samples[1], &err),
                     SOURCE_ASK_AGAIN);
    asks(source, &poll, JSZ_URL("n2:8222"));
    assert_int_equal(hears(source, &poll, JSZ("2", "two", "12", "3"), &samples[2], &err),
                     SOURCE_ASK_AGAIN);
    asks(source, &poll, "http://n2:8222/varz");
    assert_int_equal(hears(source, &poll, "{\"server_name\":\"two\"}", &samples[3], &err), 0);
    assert_int_equal(samples_at(samples[3], 0)->value_milli, 15000);

    poll.step = 0; /* the next poll is one request */
    asks(source, &poll, JSZ_URL("n2:8222"));
    assert_int_equal(hears(source, &poll, JSZ("2", "two", "5", "0"), &samples[4], &err), 0);
    assert_int_equal(samples_at(samples[4], 0)->value_milli, 5000);
    for (size_t i = 0; i < 5; i++)
        samples_unref(samples[i]);
    free(memory);
    source_unref(source);
}

static void without_a_leader_there_is_no_value(void **state)
{
    struct source *source = make_source(SOURCE);
    void *memory = calloc(1, source->kind->memory_size);
    struct source_poll poll = {.memory = memory};
    struct samples *samples[2];
    struct err err = {0};
    (void)state;

    asks(source, &poll, JSZ_URL("n1:8222"));
    assert_int_equal(hears(source, &poll, JSZ("3", "", "1", "1"), &samples[0], &err),
                     SOURCE_ASK_AGAIN);
    asks(source, &poll, "http://n1:8222/varz");
    assert_int_equal(hears(source, &poll, "{\"server_name\":\"one\"}", &samples[1], &err), -ENOMSG);
    assert_string_equal(err.text, "has no server among 1 that leads the consumer");
    for (size_t i = 0; i < 2; i++)
        samples_unref(samples[i]);
    free(memory);
    source_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_server_answers_for_itself),
        cmocka_unit_test(integers_beyond_63_bits_are_read),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(in_a_cluster_only_the_leader_counts_and_is_remembered),
        cmocka_unit_test(without_a_leader_there_is_no_value),
    };
    return cmocka_run_group_tests_name("nats", tests, NULL, NULL);
}
