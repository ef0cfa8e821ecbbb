// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/hpa/limit.h"

#define S UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * S)

#define PODS(v, period)                                                                            \
    {                                                                                              \
        .value = (v), .period_s = (period)                                                         \
    }
#define PERCENT(v, period)                                                                         \
    {                                                                                              \
        .type = HPA_POLICY_PERCENT, .value = (v), .period_s = (period)                             \
    }

static void legacy_at_most_doubles_or_goes_to_4(void **state)
{
    static const struct {
        int32_t current, stabilised, min, max, value;
        enum hpa_limited kind;
    } rows[] = {
        {1, 9, 1, 10, 4, HPA_SCALE_UP_LIMIT}, {3, 9, 1, 10, 6, HPA_SCALE_UP_LIMIT},
        {8, 20, 1, 10, 10, HPA_TOO_MANY},     {2, 9, 1, 4, 4, HPA_TOO_MANY},
        {5, 1, 2, 10, 2, HPA_TOO_FEW},        {5, 7, 1, 10, 7, HPA_WITHIN_RANGE},
        {5, 10, 1, 10, 10, HPA_WITHIN_RANGE}, {9, 1, 1, 10, 1, HPA_WITHIN_RANGE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct limited l =
            limit_legacy(rows[i].current, rows[i].stabilised, rows[i].min, rows[i].max);
        if (l.value != rows[i].value || l.kind != rows[i].kind)
            fail_msg("row %zu: %d, kind %d", i, l.value, l.kind);
    }
}

struct row {
    const char *what;
    int32_t current, stabilised;
    enum hpa_select select;
    struct hpa_policy policies[2];
    size_t count;
    int32_t value;
    enum hpa_limited kind;
};

static void check(const struct row *row)
{
    struct hpa_policy policies[2] = {row->policies[0], row->policies[1]};
    struct hpa_rules rules = {
        .select = row->select, .policies = policies, .policy_count = row->count};
    struct hpa_spec spec = {.min = 1, .max = 100, .up = rules, .down = rules};
    struct changes none = {0};
    struct limited l = limit_policies(&spec, &none, &none, row->current, row->stabilised, T0);

    if (l.value != row->value || l.kind != row->kind)
        fail_msg("%s: %d, kind %d", row->what, l.value, l.kind);
}

static void policies_limit_one_step(void **state)
{
    static const struct row rows[] = {
        {"pods up", 5, 20, HPA_SELECT_MAX, {PODS(4, 15)}, 1, 9, HPA_SCALE_UP_LIMIT},
        {"percent up rounds up",
         1,
         20,
         HPA_SELECT_MAX,
         {PERCENT(50, 15)},
         1,
         2,
         HPA_SCALE_UP_LIMIT},
        {"percent down truncates",
         5,
         1,
         HPA_SELECT_MAX,
         {PERCENT(50, 15)},
         1,
         2,
         HPA_SCALE_DOWN_LIMIT},
        {"default from 1 allows 5",
         1,
         20,
         HPA_SELECT_MAX,
         {PODS(4, 15), PERCENT(100, 15)},
         2,
         5,
         HPA_SCALE_UP_LIMIT},
        {"Max up is the highest",
         10,
         90,
         HPA_SELECT_MAX,
         {PODS(4, 15), PERCENT(100, 15)},
         2,
         20,
         HPA_SCALE_UP_LIMIT},
        {"Min up is the lowest",
         10,
         90,
         HPA_SELECT_MIN,
         {PODS(4, 15), PERCENT(100, 15)},
         2,
         14,
         HPA_SCALE_UP_LIMIT},
        {"Max down is the lowest",
         40,
         1,
         HPA_SELECT_MAX,
         {PODS(4, 15), PERCENT(50, 15)},
         2,
         20,
         HPA_SCALE_DOWN_LIMIT},
        {"Min down is the highest",
         40,
         1,
         HPA_SELECT_MIN,
         {PODS(4, 15), PERCENT(50, 15)},
         2,
         36,
         HPA_SCALE_DOWN_LIMIT},
        {"Disabled up", 5, 20, HPA_SELECT_DISABLED, {PODS(4, 15)}, 1, 5, HPA_SCALE_UP_LIMIT},
        {"Disabled down", 5, 1, HPA_SELECT_DISABLED, {PODS(4, 15)}, 1, 5, HPA_SCALE_DOWN_LIMIT},
        {"max below the policy's limit",
         90,
         200,
         HPA_SELECT_MAX,
         {PODS(50, 15)},
         1,
         100,
         HPA_TOO_MANY},
        {"min above the policy's limit", 5, 0, HPA_SELECT_MAX, {PODS(50, 15)}, 1, 1, HPA_TOO_FEW},
        {"a huge pods policy wraps and blocks",
         1,
         20,
         HPA_SELECT_MAX,
         {PODS(INT32_MAX, 15)},
         1,
         1,
         HPA_SCALE_UP_LIMIT},
        {"staying is never limited",
         5,
         5,
         HPA_SELECT_DISABLED,
         {PODS(4, 15)},
         1,
         5,
         HPA_WITHIN_RANGE},
        {"within", 5, 8, HPA_SELECT_MAX, {PODS(4, 15)}, 1, 8, HPA_WITHIN_RANGE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
}

static struct limited after_growth(int32_t stabilised, uint64_t now_ns)
{
    struct hpa_policy policy = PODS(4, 60);
    struct hpa_rules rules = {.policies = &policy, .policy_count = 1};
    struct hpa_spec spec = {.min = 1, .max = 100, .up = rules, .down = rules};
    struct changes up = {0}, none = {0};

    assert_int_equal(changes_reserve(&up), 0);
    changes_store(&up, &rules, 3, T0);
    struct limited l = limit_policies(&spec, &up, &none, 8, stabilised, now_ns);
    changes_done(&up);
    return l;
}

static void changes_count_within_their_period(void **state)
{
    (void)state;

    assert_int_equal(after_growth(50, T0 + 59 * S).value, 9);  /* 5 at the start, 4 more */
    assert_int_equal(after_growth(50, T0 + 60 * S).value, 12); /* the end is outside */
    assert_int_equal(after_growth(1, T0 + 59 * S).value, 1);   /* in both directions: 5 - 4 */
    assert_int_equal(after_growth(1, T0 + 60 * S).value, 4);
}

/* 10 pods came or went a moment ago, 4 are allowed, 5 are there. */
static int32_t after_a_large_change(bool grew, int32_t stabilised)
{
    struct hpa_policy policy = PODS(4, 60);
    struct hpa_rules rules = {.policies = &policy, .policy_count = 1};
    struct hpa_spec spec = {.min = 1, .max = 100, .up = rules, .down = rules};
    struct changes some = {0}, none = {0};

    assert_int_equal(changes_reserve(&some), 0);
    changes_store(&some, &rules, 10, T0);
    int32_t value =
        limit_policies(&spec, grew ? &some : &none, grew ? &none : &some, 5, stabilised, T0 + S)
            .value;
    changes_done(&some);
    return value;
}

static void a_limit_beyond_the_current_size_means_staying(void **state)
{
    (void)state;

    assert_int_equal(after_a_large_change(true, 50), 5); /* 5 - 10 + 4 is less than 5 */
    assert_int_equal(after_a_large_change(false, 1), 5); /* 5 + 10 - 4 is more than 5 */
}

static void old_changes_are_overwritten_from_the_end(void **state)
{
    struct hpa_policy policies[] = {PODS(1, 60), PODS(1, 15)};
    struct hpa_rules rules = {.policies = policies, .policy_count = 2};
    struct changes c = {0};
    (void)state;

    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(changes_reserve(&c), 0);
        changes_store(&c, &rules, i, T0 + (uint64_t)i * S);
    }
    assert_int_equal(changes_reserve(&c), 0);
    changes_store(&c, &rules, 9, T0 + 62 * S); /* two are older than 60 s, the third is just 60 s */
    assert_int_equal(c.count, 3);
    assert_int_equal(c.all[1].replicas, 9);
    assert_true(c.all[0].reusable);
    assert_false(c.all[2].reusable);
    assert_int_equal(changes_within(&c, 3600, T0 + 62 * S), 0 + 9 + 2);
    changes_done(&c);
}

static void what_an_evaluation_saw_can_be_looked_at_after_its_own_write(void **state)
{
    struct hpa_policy policies[] = {PODS(1, 15)};
    struct hpa_rules rules = {.policies = policies, .policy_count = 1};
    struct changes c = {0}, seen;
    (void)state;

    assert_int_equal(changes_seen(&c, T0, &seen), 0);
    assert_int_equal(seen.count, 0);
    changes_done(&seen);
    for (int32_t i = 1; i < 4; i++) { /* the third overwrites the first */
        const uint64_t now_ns = T0 + (uint64_t)i * 12 * S;
        assert_int_equal(changes_reserve(&c), 0);
        changes_store(&c, &rules, i, now_ns);
        assert_int_equal(changes_seen(&c, now_ns, &seen), 0);
        assert_int_equal(changes_within(&seen, 3600, now_ns), i * (i - 1) / 2);
        changes_done(&seen);
        assert_int_equal(changes_seen(&c, now_ns + 1, &seen), 0); /* the next one sees it */
        assert_int_equal(changes_within(&seen, 3600, now_ns), changes_within(&c, 3600, now_ns));
        changes_done(&seen);
    }
    assert_int_equal(c.count, 2);
    changes_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_at_most_doubles_or_goes_to_4),
        cmocka_unit_test(policies_limit_one_step),
        cmocka_unit_test(changes_count_within_their_period),
        cmocka_unit_test(a_limit_beyond_the_current_size_means_staying),
        cmocka_unit_test(old_changes_are_overwritten_from_the_end),
        cmocka_unit_test(what_an_evaluation_saw_can_be_looked_at_after_its_own_write),
    };
    return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
