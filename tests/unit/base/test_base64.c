// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/base64.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

/* RFC 4648, section 10. */
static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xfb\xff\xfe", "+//+"}};

static int decode(const char *text, struct buf *b)
{
    *b = (struct buf){.max = 100};
    return base64_decode(b, text, strlen(text));
}

static void reads_and_writes_the_rfcs_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        scoped(buf_done) struct buf bytes = {0};
        scoped(buf_done) struct buf text = {.max = 100};

        assert_int_equal(decode(vectors[i].text, &bytes), 0);
        assert_int_equal(bytes.len, strlen(vectors[i].bytes));
        assert_memory_equal(bytes.data ? bytes.data : "", vectors[i].bytes, bytes.len);
        assert_int_equal(base64_encode(&text, vectors[i].bytes, strlen(vectors[i].bytes)), 0);
        assert_string_equal(text.data ? text.data : "", vectors[i].text);
    }
}

static void skips_line_breaks(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;

    assert_int_equal(decode("Zm9v\r\n Yg =\n=\n", &b), 0);
    assert_string_equal(b.data, "foob");
}

static void refuses_what_is_not_base64(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg===", "=", "Z===", "Zm9-", "Zm9v_", "Zg==Zm9v", "Zm=v", "Zm8=Zg"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        scoped(buf_done) struct buf b = {0};
        assert_int_equal(decode(bad[i], &b), -EINVAL);
    }
}

static void holds_the_limit(void **state)
{
    struct buf b = {.max = 2};
    (void)state;

    assert_int_equal(base64_decode(&b, "Zm9v", 4), -E2BIG);
    assert_int_equal(base64_encode(&b, "foo", 3), -E2BIG);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_rfcs_examples),
        cmocka_unit_test(skips_line_breaks),
        cmocka_unit_test(refuses_what_is_not_base64),
        cmocka_unit_test(holds_the_limit),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
