// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include <errno.h>

#define SOURCE(count) "{swellQueue: {url: 'http://queue:8080', queue: jobs, count: " count "}}"
#define ANSWER "{\"queue\":\"jobs\",\"depth\":12,\"in_flight\":3,\"delayed\":5,\"dead\":7}"

static void counts_what_is_ready_or_all_that_is_unfinished(void **state)
{
    struct source *ready = make_source(SOURCE("ready")),
                  *unfinished = make_source(SOURCE("unfinished"));
    struct source_request request = {0};
    (void)state;

    has_value(ready, ANSWER, 12000);
    has_value(unfinished, ANSWER, 15000);
    assert_int_equal(ready->kind->request(ready, &(struct source_poll){0}, &request, NULL), 0);
    assert_string_equal(request.call.url, "http://queue:8080/queues/jobs");
    source_request_done(&request);
    source_unref(ready);
    source_unref(unfinished);
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    struct source *source = make_source(SOURCE("ready"));
    (void)state;

    has_no_value(source, 404, "{}", -EBADMSG, "answers 404: it has no queue 'jobs'");
    has_no_value(source, 503, "{}", -EBADMSG, "answers 503");
    has_no_value(source, 200, "{\"depth\":5}", -ENOMSG, "answers what is no state of a queue");
    has_no_value(source, 200, "[]", -ENOMSG, "answers what is no state of a queue");
    source_unref(source);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("dead"),
                   "s.yaml:1: source.swellQueue.count takes ready or unfinished, not 'dead'");
    refuses_source("{swellQueue: {url: 'http://queue'}}",
                   "s.yaml:1: source.swellQueue.queue is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_ready_or_all_that_is_unfinished),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("swell_queue", tests, NULL, NULL);
}
