// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include <errno.h>

#define SOURCE(fields) "{redis: {address: 'redis:6379', " fields "}}"
#define AT "s.yaml:1: source.redis"

static void takes_keys_and_streams(void **state)
{
    static const char *const good[] = {
        SOURCE("key: jobs"),
        SOURCE("key: jobs, database: 3, username: u, password: {env: X}"),
        SOURCE("stream: s"),
        SOURCE("stream: s, count: length"),
        SOURCE("stream: s, group: g"),
        SOURCE("stream: s, group: g, count: pending"),
        SOURCE("stream: s, group: g, count: lag"),
    };
    (void)state;

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct source *source = make_source(good[i]);
        assert_string_equal(source->shown_as, "Redis at redis:6379");
        source_unref(source);
    }
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("database: 1"), AT " takes either key or stream");
    refuses_source(SOURCE("key: a, stream: b"), AT " takes either key or stream");
    refuses_source(SOURCE("key: a, group: b"), AT ".group is one of a stream");
    refuses_source(SOURCE("key: a, count: length"),
                   AT ".count takes length, pending or lag, of a stream");
    refuses_source(SOURCE("stream: a, count: lag"),
                   AT ".count: pending and lag need a group, and length has none");
    refuses_source(SOURCE("stream: a, group: b, count: length"),
                   AT ".count: pending and lag need a group, and length has none");
    refuses_source(SOURCE("key: a, username: b"),
                   AT ".username needs a password, and has no colon and no @");
    refuses_source("{redis: {address: 'redis://redis', key: a}}",
                   AT ".address takes an address such as redis:6379");
    refuses_source("{redis: {address: 'u:p@redis', key: a}}",
                   AT ".address takes an address such as redis:6379");
}

static void a_server_that_is_not_there_is_named_in_no_error_twice(void **state)
{
    struct source *source =
        make_source("{redis: {address: '127.0.0.1:1', key: a, timeout: 500ms}}");
    struct source_poll poll = {.memory = calloc(1, source->kind->memory_size)};
    struct samples *samples = samples_new();
    struct err err = {0};
    (void)state;

    assert_int_equal(source->kind->ask(source, &poll, samples, &err), -ECONNREFUSED);
    assert_string_equal(err.text, "cannot be connected to");
    samples_unref(samples);
    source->kind->memory_done(poll.memory);
    free(poll.memory);
    source_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_keys_and_streams),
        cmocka_unit_test(refuses_settings_that_are_wrong),
        cmocka_unit_test(a_server_that_is_not_there_is_named_in_no_error_twice),
    };
    return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
