// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/feed.h"
#include "base/err.h"

#include <string.h>

static const char text[] = "externalMetrics:\n"
                           "- name: a\n"
                           "  source: {http: {url: 'http://q', valuePath: x}}\n";

static void hands_out_the_newest_and_keeps_what_is_still_read(void **state)
{
    struct adapter_config config;
    struct feeds feeds;
    (void)state;

    assert_int_equal(config_parse("a.yaml", text, strlen(text), &config, NULL), 0);
    assert_int_equal(feeds_init(&feeds, &config), 0);
    struct feed *f = &feeds.items[0];
    assert_null(feed_newest(f));

    feed_publish(f, reading_new_value(1000, 1, 1, 1));
    struct reading *first = feed_newest(f);
    feed_publish(f, reading_new_value(2000, 2, 2, 2));
    struct reading *second = feed_newest(f);
    assert_int_equal(first->value_milli, 1000);
    assert_int_equal(second->value_milli, 2000);

    feeds_done(&feeds);
    assert_int_equal(second->value_milli, 2000); /* outlives the feed */
    reading_unref(first);
    reading_unref(second);
    config_done(&config);
}

#define ROUNDS 20000

static void *publish_rounds(void *arg)
{
    for (uint64_t i = 1; i <= ROUNDS; i++)
        feed_publish(arg, reading_new_value((int64_t)i, i, i, i));
    return NULL;
}

static void a_reader_always_sees_a_whole_reading(void **state)
{
    struct adapter_config config;
    struct feeds feeds;
    pthread_t writer;
    int64_t seen = 0;
    (void)state;

    assert_int_equal(config_parse("a.yaml", text, strlen(text), &config, NULL), 0);
    assert_int_equal(feeds_init(&feeds, &config), 0);
    assert_int_equal(pthread_create(&writer, NULL, publish_rounds, &feeds.items[0]), 0);
    while (seen < ROUNDS) {
        struct reading *r = feed_newest(&feeds.items[0]);
        if (!r)
            continue;
        assert_true(r->value_milli >= seen);
        assert_int_equal(r->measured_ns, r->value_milli);
        seen = r->value_milli;
        reading_unref(r);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    feeds_done(&feeds);
    config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_the_newest_and_keeps_what_is_still_read),
        cmocka_unit_test(a_reader_always_sees_a_whole_reading),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
