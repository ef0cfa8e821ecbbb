// SPDX-License-Identifier: MIT
/* Against the brokers that librdkafka mocks, with their groups, offsets and sockets. */
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/source.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_NS (60 * NS_PER_S)

static rd_kafka_t *producer; /* owns the brokers */
static rd_kafka_mock_cluster_t *brokers;
static struct source_config config = {.group = "swell",
                                      .worker = "w",
                                      .lease_ns = NS_PER_S, /* so that a session is short */
                                      .wait_ns = 100 * NS_PER_MS,
                                      .cpu_ms = 20};

static int start_brokers(void **state)
{
    char why[256];
    (void)state;

    producer = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    brokers = rd_kafka_mock_cluster_new(producer, 1);
    config.url = rd_kafka_mock_cluster_bootstraps(brokers);
    return 0;
}

static int stop_brokers(void **state)
{
    (void)state;
    rd_kafka_mock_cluster_destroy(brokers);
    rd_kafka_destroy(producer);
    return 0;
}

/* Makes a topic of one partition with these jobs; a test has one of its own. */
static void put(const char *topic, const char *const *jobs, size_t count)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    config.queue = topic;
    config.group = topic;
    (void)rd_kafka_mock_topic_create(brokers, topic, 1, 1);
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", config.url, why, sizeof(why));
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            rd_kafka_producev(
                client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_VALUE((void *)(uintptr_t)jobs[i], strlen(jobs[i])), RD_KAFKA_V_END),
            0);
    assert_int_equal(rd_kafka_flush(client, 60000), 0);
    rd_kafka_destroy(client);
}

/* The next job; joining a group takes a while. */
static struct source_job take(void *source)
{
    uint64_t until_ns = clock_mono_ns() + DEADLINE_NS;
    struct source_job job;
    struct err err = {0};
    int r = 0;

    while (r <= 0 && clock_mono_ns() < until_ns)
        r = source_kafka.take(source, &job, &err);
    if (r != 1)
        fail_msg("no job: %s", err.text);
    return job;
}

static void *new_source(void)
{
    void *source = source_kafka.open(&config);

    assert_non_null(source);
    return source;
}

static void end(int (*how)(void *, struct err *), void *source)
{
    struct err err = {0};

    if (how(source, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_job_is_read_with_its_cost_and_age(void **state)
{
    static const char *const jobs[] = {"{\"id\":\"a\",\"cpu_ms\":5}", "7", "what"};
    struct source_job job;
    (void)state;

    put("read", jobs, ARRAY_LEN(jobs));
    void *source = new_source();
    job = take(source);
    assert_string_equal(job.id, "a");
    assert_float_equal(job.cpu_ms, 5, 0);
    assert_in_range(job.age_ns, 0, DEADLINE_NS);
    end(source_kafka.done, source);
    job = take(source);
    assert_string_equal(job.id, "0-1"); /* partition and offset */
    assert_float_equal(job.cpu_ms, 7, 0);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 20, 0);
    end(source_kafka.done, source);
    source_kafka.close(source);
}

static void what_is_done_is_done_and_what_was_in_hand_comes_again(void **state)
{
    static const char *const jobs[] = {"1", "2", "3"};
    (void)state;

    put("again", jobs, ARRAY_LEN(jobs));
    void *source = new_source();
    assert_float_equal(take(source).cpu_ms, 1, 0);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 2, 0);
    source_kafka.close(source);

    source = new_source();
    assert_float_equal(take(source).cpu_ms, 2, 0);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 3, 0);
    source_kafka.close(source);
}

static void what_is_given_back_or_fails_comes_before_what_follows(void **state)
{
    static const char *const jobs[] = {"1", "2"};
    struct err err = {0};
    (void)state;

    put("back", jobs, ARRAY_LEN(jobs));
    void *source = new_source();
    assert_float_equal(take(source).cpu_ms, 1, 0);
    end(source_kafka.give_back, source);
    assert_float_equal(take(source).cpu_ms, 1, 0);
    assert_int_equal((source_kafka.fail)(source, "", &err), 0); /* cmocka has a macro fail() */
    assert_float_equal(take(source).cpu_ms, 1, 0);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 2, 0);
    source_kafka.close(source);
}

static void an_extended_job_stays_in_hand_and_the_next_comes_after_it(void **state)
{
    static const char *const jobs[] = {"1", "2", "3"};
    (void)state;

    put("extend", jobs, ARRAY_LEN(jobs));
    void *source = new_source();
    assert_float_equal(take(source).cpu_ms, 1, 0);
    for (int i = 0; i < 5; i++)
        end(source_kafka.extend, source);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 2, 0);
    end(source_kafka.extend, source);
    end(source_kafka.give_back, source);
    assert_float_equal(take(source).cpu_ms, 2, 0);
    end(source_kafka.done, source);
    assert_float_equal(take(source).cpu_ms, 3, 0);
    source_kafka.close(source);
}

static void brokers_that_are_not_there_are_an_error(void **state)
{
    struct source_config nobody = config;
    uint64_t until_ns = clock_mono_ns() + DEADLINE_NS;
    struct source_job job;
    struct err err = {0};
    int r = 0;
    (void)state;

    nobody.url = "127.0.0.1:1";
    nobody.queue = "jobs";
    void *source = source_kafka.open(&nobody);
    assert_non_null(source);
    while (r == 0 && clock_mono_ns() < until_ns)
        r = source_kafka.take(source, &job, &err);
    assert_true(r < 0);
    assert_non_null(strstr(err.text, "Kafka: "));
    source_kafka.close(source);
}

static void wrong_addresses_and_names_are_refused(void **state)
{
    static const char *const urls[] = {"", "http://queue/", "redis://redis"};
    struct source_config c = config;
    struct err err = {0};
    (void)state;

    c.queue = "jobs";
    assert_int_equal(source_kafka.check(&c, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        c.url = urls[i];
        assert_int_equal(source_kafka.check(&c, &err), -EINVAL);
        assert_non_null(strstr(err.text, "kafka-0:9092"));
    }
    c = config;
    c.queue = "";
    assert_int_equal(source_kafka.check(&c, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read_with_its_cost_and_age),
        cmocka_unit_test(what_is_done_is_done_and_what_was_in_hand_comes_again),
        cmocka_unit_test(what_is_given_back_or_fails_comes_before_what_follows),
        cmocka_unit_test(an_extended_job_stays_in_hand_and_the_next_comes_after_it),
        cmocka_unit_test(brokers_that_are_not_there_are_an_error),
        cmocka_unit_test(wrong_addresses_and_names_are_refused),
    };
    return cmocka_run_group_tests_name("source_kafka", tests, start_brokers, stop_brokers);
}
