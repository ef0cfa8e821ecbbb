// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "redis/redis.h"

#include <errno.h>

static void addresses_have_the_usual_form(void **state)
{
    static const struct {
        const char *url, *shown_as;
    } good[] = {
        {"redis://redis", "redis:6379"},
        {"redis://redis/", "redis:6379"},
        {"redis://10.0.0.7:7000/12", "10.0.0.7:7000"},
        {"redis://:pass:w@rd@redis", "redis:6379"},
        {"redis://user:pass@redis:1/0", "redis:1"},
    };
    static const char *const bad[] = {"",
                                      "redis",
                                      "http://redis",
                                      "redis://",
                                      "redis://:6379",
                                      "redis://redis:",
                                      "redis://redis:0",
                                      "redis://redis:65536",
                                      "redis://redis:123456",
                                      "redis://redis/x",
                                      "redis://redis/1/2",
                                      "redis://user@redis"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(redis_check(good[i].url, NULL), 0);
        struct redis *r = redis_new(good[i].url, NS_PER_S);
        assert_string_equal(redis_shown_as(r), good[i].shown_as);
        redis_free(r);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        assert_int_equal(redis_check(bad[i], &err), -EINVAL);
        assert_non_null(strstr(err.text, "redis://"));
    }
}

static void a_server_that_is_not_there_is_an_error_with_its_address(void **state)
{
    struct redis *r = redis_new("redis://:hunter2@127.0.0.1:1", NS_PER_S);
    redisReply *reply = NULL;
    struct err err = {0};
    (void)state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(redis_call(r, REDIS_COMMAND(REDIS_TEXT("PING")), 0, &reply, &err),
                         -ECONNREFUSED);
        assert_string_equal(err.text, "127.0.0.1:1: Connection refused");
        assert_null(reply);
    }
    redis_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_the_usual_form),
        cmocka_unit_test(a_server_that_is_not_there_is_an_error_with_its_address),
    };
    return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
