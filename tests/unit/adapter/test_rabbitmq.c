// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include <errno.h>

#define SOURCE(fields) "{rabbitmq: {url: 'http://u:p@rabbit:15672/base', queue: a/b, " fields "}}"
#define QUEUE(messages, publish, deliver)                                                          \
    "{\"name\":\"a/b\",\"messages\":" messages ",\"messages_ready\":3,\"message_stats\":{"         \
    "\"publish_details\":{\"rate\":" publish "},\"deliver_get_details\":{\"rate\":" deliver "}}}"

static void asks(const char *yaml, const char *url)
{
    struct source *source = make_source(yaml);
    struct source_request request = {0};
    struct err err = {0};

    assert_int_equal(source->kind->request(source, &(struct source_poll){0}, &request, &err), 0);
    assert_string_equal(request.call.url, url);
    assert_string_equal(source->shown_as, "RabbitMQ at rabbit:15672");
    source_request_done(&request);
    source_unref(source);
}

static void asks_for_one_queue_or_for_those_that_match(void **state)
{
    (void)state;
    asks(SOURCE("mode: QueueLength"), "http://u:p@rabbit:15672/base/api/queues/%2F/a%2Fb");
    asks(SOURCE("vhost: shop"), "http://u:p@rabbit:15672/base/api/queues/shop/a%2Fb");
    asks("{rabbitmq: {url: 'http://rabbit:15672', queueRegex: '^a+$'}}",
         "http://rabbit:15672/api/queues/%2F?page=1&page_size=500&use_regex=true&name=%5Ea%2B%24");
}

static void computes_each_mode_as_keda_does(void **state)
{
    static const struct {
        const char *fields, *answer;
        int64_t milli;
    } cases[] = {
        {"mode: QueueLength", QUEUE("12", "0", "0"), 12000},
        {"excludeUnacknowledged: true", QUEUE("12", "0", "0"), 3000},
        {"mode: QueueLength", "{\"messages\":0}", 0},
        {"mode: MessageRate", QUEUE("12", "1.5", "9"), 1500},
        {"mode: MessageRate", "{\"messages\":0}", 0},
        {"mode: DeliverGetRate", QUEUE("12", "1.5", "9"), 9000},
        {"mode: PublishedToDeliveredRatio", QUEUE("12", "3", "2"), 1500},
        {"mode: PublishedToDeliveredRatio", QUEUE("12", "0", "0"), 0},
        {"mode: PublishedToDeliveredRatio, activationValue: 7", QUEUE("12", "3", "0"), 7000},
        {"mode: ExpectedQueueConsumptionTime", QUEUE("12", "3", "2"), 6500},
        {"mode: ExpectedQueueConsumptionTime", QUEUE("0", "3", "0"), 0},
        {"mode: ExpectedQueueConsumptionTime", QUEUE("1", "1", "10"), 0}, /* -0.8 */
        {"mode: ExpectedQueueConsumptionTime, activationValue: 7", QUEUE("1", "3", "0"), 7000},
    };
    char yaml[256];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        (void)snprintf(yaml, sizeof(yaml), SOURCE("%s"), cases[i].fields);
        struct source *source = make_source(yaml);
        has_value(source, cases[i].answer, cases[i].milli);
        source_unref(source);
    }
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    struct source *length = make_source(SOURCE("mode: QueueLength"));
    struct source *ratio = make_source(SOURCE("mode: PublishedToDeliveredRatio"));
    struct source *time = make_source(SOURCE("mode: ExpectedQueueConsumptionTime"));
    (void)state;

    has_no_value(length, 404, "{}", -EBADMSG, "answers 404: it has no queue 'a/b' in that vhost");
    has_no_value(length, 401, "{}", -EBADMSG, "answers 401");
    has_no_value(length, 200, "{}", -ENOMSG, "has no figure 'messages' for queue 'a/b' yet");
    has_no_value(length, 200, "{\"messages\":\"5\"}", -ENOMSG,
                 "has no figure 'messages' for queue 'a/b' yet");
    has_no_value(ratio, 200, QUEUE("12", "3", "0"), -ENOMSG,
                 "has work for queue 'a/b' and delivers none of it, so there is no "
                 "PublishedToDeliveredRatio");
    has_no_value(time, 200, QUEUE("12", "3", "0"), -ENOMSG,
                 "has work for queue 'a/b' and delivers none of it, so there is no "
                 "ExpectedQueueConsumptionTime");
    source_unref(length);
    source_unref(ratio);
    source_unref(time);
}

static void each_queue_that_matches_is_a_sample(void **state)
{
    static const char text[] = "{\"page_count\":1,\"items\":[{\"name\":\"a\",\"messages\":1},"
                               "{\"name\":\"b\",\"messages\":2}]}";
    static const char two_pages[] =
        "{\"page_count\":2,\"items\":[{\"name\":\"a\",\"messages\":1}]}";
    struct source *source = make_source("{rabbitmq: {url: 'http://r', queueRegex: '.'}}");
    struct source_poll poll = {0};
    struct samples *samples;
    (void)state;

    assert_int_equal(read_answer(source, &poll, 200, text, strlen(text), &samples, NULL), 0);
    assert_int_equal(samples_count(samples), 2);
    assert_string_equal(sample_label(samples_at(samples, 1), "queue"), "b");
    assert_int_equal(samples_at(samples, 1)->value_milli, 2000);
    samples_unref(samples);
    has_no_value(source, 200, two_pages, -ENOMSG, "has more than 500 queues that match '.'");
    has_no_value(source, 200, "[]", -ENOMSG, "answers what is no list of queues");
    source_unref(source);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source("{rabbitmq: {url: 'http://r'}}",
                   "s.yaml:1: source.rabbitmq takes either queue or queueRegex");
    refuses_source(SOURCE("queueRegex: a"),
                   "s.yaml:1: source.rabbitmq takes either queue or queueRegex");
    refuses_source(SOURCE("mode: Length"),
                   "s.yaml:1: source.rabbitmq.mode takes QueueLength, MessageRate, DeliverGetRate, "
                   "PublishedToDeliveredRatio or ExpectedQueueConsumptionTime, not 'Length'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_one_queue_or_for_those_that_match),
        cmocka_unit_test(computes_each_mode_as_keda_does),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(each_queue_that_matches_is_a_sample),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("rabbitmq", tests, NULL, NULL);
}
