// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/sources/kafka_config.h"

#include <errno.h>

#define SOURCE(fields)                                                                             \
    "{kafka: {bootstrapServers: '127.0.0.1:1', consumerGroup: workers, topic: orders, " fields "}" \
    "}"
#define AT "s.yaml:1: source.kafka"

static void reads_every_field(void **state)
{
    struct source *source = make_source(
        SOURCE("partitionLimitation: '1,5-8', lagThreshold: 5, offsetResetPolicy: earliest, "
               "excludePersistentLag: true, sasl: {mechanism: PLAIN, username: u, password: {env: "
               "P}}, tls: {caFile: ca.pem}"));
    const struct kafka_config *c = source->settings;
    (void)state;

    assert_string_equal(source->shown_as, "Kafka at 127.0.0.1:1");
    assert_int_equal(c->rules.threshold, 5);
    assert_true(c->rules.earliest && c->rules.exclude_persistent && c->has_tls);
    assert_true(kafka_config_wants(c, 1) && kafka_config_wants(c, 5) && kafka_config_wants(c, 8));
    assert_false(kafka_config_wants(c, 0) || kafka_config_wants(c, 2) || kafka_config_wants(c, 9));
    source_unref(source);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("lagThreshold: 0"),
                   AT ".lagThreshold takes a whole number from 1 to 1000000000, not 0");
    refuses_source(SOURCE("offsetResetPolicy: none"),
                   AT ".offsetResetPolicy takes latest or earliest, not 'none'");
    refuses_source(SOURCE("partitionLimitation: '5-1'"),
                   AT ".partitionLimitation takes numbers and ranges such as \"1,2,5-8\"");
    refuses_source(SOURCE("allowIdleConsumers: true, limitToPartitionsWithLag: true"),
                   AT ": allowIdleConsumers and limitToPartitionsWithLag exclude each other");
    refuses_source(SOURCE("sasl: {mechanism: GSSAPI, username: u, password: {env: P}}"),
                   AT ".sasl.mechanism takes PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, not 'GSSAPI'");
    refuses_source("{kafka: {bootstrapServers: 'kafka://k', consumerGroup: g}}",
                   AT ".bootstrapServers takes brokers such as kafka-0:9092,kafka-1:9092");
    refuses_source("{kafka: {bootstrapServers: k, consumerGroup: g, partitionLimitation: '1'}}",
                   AT ".partitionLimitation needs a topic");
}

static void brokers_that_are_not_there_are_an_error_in_time(void **state)
{
    struct source *source = make_source(SOURCE("timeout: 300ms"));
    struct source_poll poll = {.memory = calloc(1, source->kind->memory_size)};
    struct samples *samples = samples_new();
    struct err err = {0};
    (void)state;

    assert_true(source->kind->ask(source, &poll, samples, &err) < 0);
    assert_int_equal(samples_count(samples), 0);
    assert_true(strcmp(err.text, "gives no whole answer within 300ms") == 0 ||
                strcmp(err.text, "cannot be connected to") == 0);
    samples_unref(samples);
    source->kind->memory_done(poll.memory);
    free(poll.memory);
    source_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(refuses_settings_that_are_wrong),
        cmocka_unit_test(brokers_that_are_not_there_are_an_error_in_time),
    };
    return cmocka_run_group_tests_name("kafka", tests, NULL, NULL);
}
