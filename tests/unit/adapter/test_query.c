// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/query.h"
#include "adapter/query_private.h"
#include "base/clock.h"

#define S NS_PER_S
#define LINGER_NS (600 * S)

static const char jobs[] = "{http: {url: 'http://q/jobs', valuePath: depth}}";
static const char mail[] = "{http: {url: 'http://q/mail', valuePath: depth}}";

static struct query *want(struct queries *q, const char *yaml, uint64_t interval_ns)
{
    struct source *source = make_source(yaml);
    struct query *query =
        queries_want(q, &(struct query_spec){.source = source, .interval_ns = interval_ns});

    source_unref(source);
    assert_non_null(query);
    return query;
}

static struct reading *reading_of(int64_t value)
{
    struct samples *samples = samples_new();

    assert_int_equal(samples_add_value(samples, value), 0);
    struct reading *r = reading_new(samples, (uint64_t)value, 1, 1);
    samples_unref(samples);
    return r;
}

static int64_t value_of(const struct reading *r)
{
    return samples_at(r->samples, 0)->value_milli;
}

static void the_same_is_wanted_once(void **state)
{
    struct queries *q = queries_new();
    struct query *first = want(q, jobs, S), *second = want(q, jobs, S), *other = want(q, mail, S),
                 *slower = want(q, jobs, 2 * S);
    (void)state;

    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    assert_ptr_not_equal(first, slower);
    assert_int_equal(queries_count(q), 3);
    query_release(first);
    query_release(second);
    query_release(other);
    query_release(slower);
    queries_free(q);
}

static void combining_makes_another_query(void **state)
{
    struct queries *q = queries_new();
    struct source *source = make_source(jobs);
    const struct query_spec specs[] = {
        {.source = source, .interval_ns = S},
        {.source = source, .interval_ns = S, .combining = {.how = COMBINE_SUM}},
        {.source = source, .interval_ns = S, .combining = {.empty_is_value = true}},
        {.source = source, .interval_ns = S, .combining = {COMBINE_ONE, true, 1000}},
    };
    struct query *queries[4];
    (void)state;

    for (size_t i = 0; i < 4; i++)
        queries[i] = queries_want(q, &specs[i]);
    assert_int_equal(queries_count(q), 4);
    for (size_t i = 0; i < 4; i++)
        query_release(queries[i]);
    source_unref(source);
    queries_free(q);
}

static void hands_out_the_newest_and_keeps_what_is_still_read(void **state)
{
    struct queries *q = queries_new();
    struct query *query = want(q, jobs, S);
    (void)state;

    assert_null(query_newest(query));
    query_publish(query, reading_of(1000));
    struct reading *first = query_newest(query);
    query_publish(query, reading_of(2000));
    struct reading *second = query_newest(query);

    query_release(query);
    queries_free(q);
    assert_int_equal(value_of(first), 1000);
    assert_int_equal(value_of(second), 2000); /* outlives the query */
    reading_unref(first);
    reading_unref(second);
}

static void is_dropped_when_nobody_wants_it_and_not_before(void **state)
{
    struct queries *q = queries_new();
    struct query *query = want(q, jobs, S), *again = want(q, jobs, S);
    uint64_t now_ns = clock_mono_ns() + S;
    (void)state;

    query_release(query);
    assert_false(queries_any_unwanted(q));
    assert_false(queries_remove_unwanted(q, again, now_ns));
    query_release(again);
    assert_true(queries_any_unwanted(q));
    assert_false(queries_any_unwanted(q)); /* once */
    assert_ptr_equal(queries_take_new(q), query);
    assert_true(queries_remove_unwanted(q, query, now_ns));
    query_free(query);
    assert_int_equal(queries_count(q), 0);
    queries_free(q);
}

static void a_query_of_reads_lives_on_between_them(void **state)
{
    struct queries *q = queries_new();
    struct source *source = make_source(jobs);
    const struct query_spec spec = {.source = source, .interval_ns = S, .linger_ns = LINGER_NS};
    struct query *query = queries_want(q, &spec);
    uint64_t now_ns = clock_mono_ns();
    (void)state;

    query_release(query);
    assert_false(queries_any_unwanted(q));
    assert_false(queries_remove_unwanted(q, query, now_ns + LINGER_NS - S));
    assert_ptr_equal(queries_want(q, &spec), query);
    query_release(query);
    assert_true(queries_remove_unwanted(q, query, now_ns + LINGER_NS + S));
    (void)queries_take_new(q);
    query_free(query);
    source_unref(source);
    queries_free(q);
}

static void a_new_configuration_keeps_the_values_of_the_old_one(void **state)
{
    struct queries *q = queries_new();
    struct query *old = want(q, jobs, S);
    (void)state;

    query_publish(old, reading_of(5000));
    struct query *new = want(q, jobs, S);
    query_release(old);
    struct reading *r = query_newest(new);
    assert_int_equal(value_of(r), 5000);
    reading_unref(r);
    query_release(new);
    queries_free(q);
}

static void another_interval_begins_with_the_value_that_is_there(void **state)
{
    struct queries *q = queries_new();
    struct query *old = want(q, jobs, S);
    (void)state;

    query_publish(old, reading_of(5000));
    struct query *new = want(q, jobs, 2 * S), *other = want(q, mail, 2 * S);
    assert_ptr_not_equal(new, old);
    struct reading *r = query_newest(new);
    assert_int_equal(value_of(r), 5000);
    assert_null(query_newest(other));
    reading_unref(r);
    query_release(old);
    query_release(new);
    query_release(other);
    queries_free(q);
}

static void takes_no_more_than_the_limit(void **state)
{
    static struct query *held[QUERIES_MAX];
    struct queries *q = queries_new();
    struct source *source = make_source(jobs);
    struct query_spec spec = {.source = source, .interval_ns = S};
    (void)state;

    for (size_t i = 0; i < QUERIES_MAX; i++) {
        spec.combining.on_empty_milli = (int64_t)i;
        held[i] = queries_want(q, &spec);
        assert_non_null(held[i]);
    }
    spec.combining.on_empty_milli--;
    assert_ptr_equal(queries_want(q, &spec), held[QUERIES_MAX - 2]); /* one that is there */
    query_release(held[QUERIES_MAX - 2]);
    spec.combining.on_empty_milli = -1;
    assert_null(queries_want(q, &spec));
    for (size_t i = 0; i < QUERIES_MAX; i++)
        query_release(held[i]);
    source_unref(source);
    queries_free(q);
}

/* ---- waiting ---- */

static void count(void *arg)
{
    ++*(int *)arg;
}

static void calls_back_once_when_there_is_a_reading(void **state)
{
    struct queries *q = queries_new();
    struct query *query = want(q, jobs, S);
    int calls = 0, late_calls = 0;
    (void)state;

    assert_int_equal(query_when_ready(query, count, &calls, 10 * S), 0);
    assert_int_equal(calls, 0);
    assert_int_equal(queries_end_waits(q, 9 * S), 10 * S);
    assert_int_equal(calls, 0);
    query_publish(query, reading_new_failure(NULL, "answers 500", 1, 1));
    assert_int_equal(queries_end_waits(q, 9 * S), UINT64_MAX);
    assert_int_equal(queries_end_waits(q, 99 * S), UINT64_MAX);
    assert_int_equal(calls, 1);
    assert_int_equal(query_when_ready(query, count, &late_calls, 10 * S), 0);
    assert_int_equal(late_calls, 1); /* at once */
    query_release(query);
    queries_free(q);
}

static void calls_back_at_the_deadline_and_when_polling_ends(void **state)
{
    struct queries *q = queries_new();
    struct query *query = want(q, jobs, S);
    int first = 0, second = 0, third = 0;
    (void)state;

    assert_int_equal(query_when_ready(query, count, &first, 5 * S), 0);
    assert_int_equal(query_when_ready(query, count, &second, 10 * S), 0);
    assert_int_equal(queries_end_waits(q, 5 * S), 10 * S);
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    queries_detach(q);
    assert_int_equal(second, 1);
    assert_int_equal(query_when_ready(query, count, &third, 20 * S), 0);
    assert_int_equal(third, 1);
    query_release(query);
    queries_free(q);
}

/* ---- threads ---- */

#define ROUNDS 20000

static void *publish_rounds(void *arg)
{
    for (int64_t i = 1; i <= ROUNDS; i++)
        query_publish(arg, reading_of(i));
    return NULL;
}

static void a_reader_always_sees_a_whole_reading(void **state)
{
    struct queries *q = queries_new();
    struct query *query = want(q, jobs, S);
    pthread_t writer;
    int64_t seen = 0;
    (void)state;

    assert_int_equal(pthread_create(&writer, NULL, publish_rounds, query), 0);
    while (seen < ROUNDS) {
        struct reading *r = query_newest(query);
        if (!r)
            continue;
        assert_true(value_of(r) >= seen);
        assert_int_equal(r->measured_ns, value_of(r));
        seen = value_of(r);
        reading_unref(r);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    query_release(query);
    queries_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_wanted_once),
        cmocka_unit_test(combining_makes_another_query),
        cmocka_unit_test(hands_out_the_newest_and_keeps_what_is_still_read),
        cmocka_unit_test(is_dropped_when_nobody_wants_it_and_not_before),
        cmocka_unit_test(a_query_of_reads_lives_on_between_them),
        cmocka_unit_test(a_new_configuration_keeps_the_values_of_the_old_one),
        cmocka_unit_test(another_interval_begins_with_the_value_that_is_there),
        cmocka_unit_test(takes_no_more_than_the_limit),
        cmocka_unit_test(calls_back_once_when_there_is_a_reading),
        cmocka_unit_test(calls_back_at_the_deadline_and_when_polling_ends),
        cmocka_unit_test(a_reader_always_sees_a_whole_reading),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
