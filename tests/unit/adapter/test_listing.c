// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/forward/listing.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"

#define S NS_PER_S

static struct other_metrics *list_of(const char *name)
{
    scoped(buf_done) struct buf body = {.max = KIB};
    struct other_metrics *m = NULL;

    assert_int_equal(buf_printf(&body,
                                "{\"kind\":\"APIResourceList\",\"groupVersion\":"
                                "\"external.metrics.k8s.io/v1beta1\",\"resources\":[{\"name\":"
                                "\"%s\"}]}",
                                name),
                     0);
    assert_int_equal(other_metrics_read(PASS_EXTERNAL, 200, &body, &m, NULL), 0);
    return m;
}

static void says_when_there_are_other_metrics_than_before(void **state)
{
    struct listing l = {.interval_ns = 60 * S, .max_age_ns = 600 * S};
    (void)state;

    assert_true(listing_take(&l, list_of("a"), 1 * S));
    assert_int_equal(listing_next_ns(&l), 61 * S);
    assert_false(listing_take(&l, list_of("a"), 61 * S));
    assert_true(listing_take(&l, list_of("b"), 121 * S));
    listing_done(&l);
}

static void reads_again_soon_after_a_failure_and_then_later(void **state)
{
    static const uint64_t waits_s[] = {1, 2, 4, 8, 10, 10};
    struct listing l = {.interval_ns = 10 * S, .max_age_ns = 600 * S};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
        listing_fail(&l, 100 * S);
        assert_int_equal(listing_next_ns(&l), (100 + waits_s[i]) * S);
    }
    (void)listing_take(&l, list_of("a"), 200 * S);
    listing_fail(&l, 210 * S);
    assert_int_equal(listing_next_ns(&l), 211 * S);
    listing_done(&l);
}

static void the_last_good_list_stays_until_it_is_too_old(void **state)
{
    struct listing l = {.interval_ns = 60 * S, .max_age_ns = 100 * S};
    (void)state;

    (void)listing_take(&l, list_of("a"), 0);
    listing_fail(&l, 60 * S);
    assert_false(listing_expire(&l, 100 * S - 1));
    assert_non_null(l.metrics);
    assert_true(listing_expire(&l, 100 * S));
    assert_null(l.metrics);
    assert_false(listing_expire(&l, 200 * S)); /* once */
    assert_true(listing_take(&l, list_of("a"), 300 * S));
    listing_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_when_there_are_other_metrics_than_before),
        cmocka_unit_test(reads_again_soon_after_a_failure_and_then_later),
        cmocka_unit_test(the_last_good_list_stays_until_it_is_too_old),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
