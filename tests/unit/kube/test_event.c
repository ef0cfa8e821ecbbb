// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/scoped.h"
#include "kube/event.h"

#include <errno.h>
#include <string.h>

#define OBJECT(version) "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}"

static int parse(const char *line, struct kube_event *e, struct err *err)
{
    return kube_event_parse(line, strlen(line), e, err);
}

static void reads_every_type(void **state)
{
    static const struct {
        const char *line, *version;
        enum kube_event_type type;
        int code;
    } cases[] = {
        {EVENT("ADDED", OBJECT("7")), "7", KUBE_EVENT_PUT, 0},
        {EVENT("MODIFIED", OBJECT("8")), "8", KUBE_EVENT_PUT, 0},
        {EVENT("DELETED", OBJECT("9")), "9", KUBE_EVENT_DELETED, 0},
        {EVENT("BOOKMARK", OBJECT("10")), "10", KUBE_EVENT_BOOKMARK, 0},
        {EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410}"), "", KUBE_EVENT_ERROR, 410},
        {EVENT("ERROR", "{}"), "", KUBE_EVENT_ERROR, 0},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct kube_event e = {0};
        assert_int_equal(parse(cases[i].line, &e, NULL), 0);
        assert_int_equal(e.type, cases[i].type);
        assert_string_equal(e.resource_version, cases[i].version);
        assert_int_equal(e.code, cases[i].code);
        kube_event_done(&e);
    }
}

static void refuses_what_is_no_event(void **state)
{
    static const char *const bad[] = {"",
                                      "nonsense",
                                      "[]",
                                      "{}",
                                      EVENT("NEWS", OBJECT("7")),
                                      "{\"type\":3,\"object\":{}}",
                                      EVENT("ADDED", "3"),
                                      EVENT("ADDED", "{}"),
                                      EVENT("ADDED", "{\"metadata\":[]}"),
                                      EVENT("ADDED", OBJECT("7")) "x"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct kube_event e = {0};
        struct err err = {0};
        assert_int_equal(parse(bad[i], &e, &err), -EBADMSG);
        assert_true(strlen(err.text) > 0);
        assert_null(e.object);
    }
}

static void takes_whole_lines_out_of_pieces(void **state)
{
    scoped(buf_done) struct buf b = {.max = 1000};
    struct kube_event e = {0};
    (void)state;

    assert_int_equal(kube_event_next(&b, &e, NULL), -EAGAIN);
    assert_int_equal(buf_puts(&b, "\n" EVENT("ADDED", OBJECT("1"))), 0);
    assert_int_equal(kube_event_next(&b, &e, NULL), -EAGAIN);
    assert_int_equal(buf_puts(&b, "\nnonsense\n" EVENT("DELETED", OBJECT("2")) "\n{"), 0);
    assert_int_equal(kube_event_next(&b, &e, NULL), 0);
    assert_string_equal(e.resource_version, "1");
    kube_event_done(&e);
    assert_int_equal(kube_event_next(&b, &e, NULL), -EBADMSG);
    assert_int_equal(kube_event_next(&b, &e, NULL), 0);
    assert_string_equal(e.resource_version, "2");
    kube_event_done(&e);
    assert_int_equal(kube_event_next(&b, &e, NULL), -EAGAIN);
    assert_int_equal(b.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(refuses_what_is_no_event),
        cmocka_unit_test(takes_whole_lines_out_of_pieces),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
