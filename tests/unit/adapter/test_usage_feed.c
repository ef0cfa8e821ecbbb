// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/usage_feed.h"

#include <errno.h>

#define URL "url: 'http://lab:8080/pods'"

static int read_feed(const char *text, struct usage_feed *ret, struct err *err)
{
    struct yaml_file *file = NULL;

    assert_int_equal(yaml_parse("s.yaml", text, strlen(text), &file, err), 0);
    const struct strict s = {.file = file, .err = err};
    int r = usage_feed_read_config(&s, yaml_document(file, 0), ret);
    yaml_file_free(file);
    return r;
}

static void refuses(const char *text, const char *sentence)
{
    struct usage_feed feed = {0};
    struct err err = {0};

    assert_int_equal(read_feed(text, &feed, &err), -EINVAL);
    assert_string_equal(err.text, sentence);
    usage_feed_done(&feed);
}

static struct usage_feed make_feed(void)
{
    struct usage_feed feed = {0};
    struct err err = {0};

    if (read_feed("{usage: {pods: {" URL "}, nodes: {url: 'http://lab:8080/nodes'}}}", &feed, &err))
        fail_msg("%s", err.text);
    return feed;
}

static void refuses_settings_that_are_wrong(void **state)
{
    struct usage_feed feed = {0};
    struct err err = {0};
    (void)state;

    assert_int_equal(read_feed("{}", &feed, &err), 0);
    assert_null(feed.pods.source);
    refuses("{usage: {}}", "s.yaml:1: usage.pods is missing");
    refuses("{usage: {pods: {" URL ", metric: a}}}",
            "s.yaml:1: there is no field 'metric' in usage.pods");
    refuses("{usage: {pods: {" URL "}, maxAge: 1s}}",
            "s.yaml:1: usage.maxAge is 1s but one interval and one timeout are 7s: a healthy "
            "source would expire");
    refuses("{usage: {pods: {" URL "}}, resourceRules: {}}",
            "s.yaml:1: usage and resourceRules exclude each other");
}

#define TIME "\"timestamp\":\"2026-11-20T22:48:33Z\",\"window\":\"15.021s\""
#define USAGE(cpu, memory) "{\"cpu\":" cpu ",\"memory\":" memory "}"
#define CONTAINERS "\"containers\":[{\"name\":\"web\",\"usage\":" USAGE("\"12m\"", "\"20Mi\"") "}]"
#define META "\"metadata\":{\"name\":\"web-1\",\"namespace\":\"d\",\"labels\":{\"app\":\"web\"}}"
#define POD META "," TIME "," CONTAINERS
#define LIST(item) "{\"items\":[{" item "}]}"

static void a_pod_is_kept_as_it_will_be_served(void **state)
{
    struct usage_feed feed = make_feed();
    struct source_poll poll = {0};
    struct samples *samples = NULL;
    struct err err = {0};
    const char text[] = LIST(POD ",\"secret\":1");
    (void)state;

    assert_int_equal(read_answer(feed.pods.source, &poll, 200, text, strlen(text), &samples, &err),
                     0);
    assert_int_equal(samples_count(samples), 1);
    const struct sample *s = samples_at(samples, 0);
    assert_string_equal(sample_label(s, USAGE_NAMESPACE), "d");
    assert_string_equal(sample_label(s, USAGE_NAME), "web-1");
    assert_string_equal(sample_label(s, USAGE_LABELS), "{\"app\":\"web\"}");
    assert_string_equal(sample_label(s, USAGE_ITEM),
                        "{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"d\","
                        "\"creationTimestamp\":\"2026-11-20T22:"
                        "48:33Z\",\"labels\":{\"app\":\"web\"}}," TIME "," CONTAINERS "}");
    assert_int_equal(s->measured_wall_ns, UINT64_C(1795214913000000000));
    samples_unref(samples);
    usage_feed_done(&feed);
}

static int answer(const struct source *source, const char *text, struct err *err)
{
    struct source_poll poll = {0};
    struct samples *samples = NULL;
    int r = read_answer(source, &poll, 200, text, strlen(text), &samples, err);

    samples_unref(samples);
    return r;
}

static void a_list_with_an_item_that_is_none_is_refused_whole(void **state)
{
    static const char *const items[] = {
        "\"metadata\":{\"name\":\"a\"}," TIME "," CONTAINERS, /* no namespace */
        "\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"labels\":[]}," TIME "," CONTAINERS,
        META "," CONTAINERS,
        META ",\"timestamp\":\"yesterday\",\"window\":\"1s\"," CONTAINERS,
        META ",\"timestamp\":\"2026-11-20T22:48:33Z\",\"window\":\"0s\"," CONTAINERS,
        META "," TIME,
        META "," TIME ",\"containers\":[]",
        META "," TIME ",\"containers\":[{\"usage\":" USAGE("1", "1") "}]",
        META "," TIME ",\"containers\":[{\"name\":\"a\",\"usage\":" USAGE("\"-1\"", "1") "}]",
        META "," TIME ",\"containers\":[{\"name\":\"a\",\"usage\":" USAGE("1", "\"x\"") "}]",
        META "," TIME ",\"containers\":[{\"name\":\"a\",\"usage\":{\"cpu\":\"1\"}}]",
    };
    struct usage_feed feed = make_feed();
    char text[1024];
    (void)state;

    for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
        struct err err = {0};
        (void)snprintf(text, sizeof(text), "{\"items\":[{" POD "},{%s}]}", items[i]);
        if (answer(feed.pods.source, text, &err) != -ENOMSG ||
            strcmp(err.text, "answers a list whose item 1 is no usage of a pod") != 0)
            fail_msg("%s: '%s'", items[i], err.text);
    }
    struct err err = {0};
    assert_int_equal(answer(feed.pods.source, "{\"items\":{}}", &err), -ENOMSG);
    assert_string_equal(err.text, "answers what is no list of usages");
    assert_int_equal(answer(feed.pods.source, "{\"items\":[]}", &err), 0);
    usage_feed_done(&feed);
}

static void a_node_has_no_namespace_and_no_containers(void **state)
{
    struct usage_feed feed = make_feed();
    struct err err = {0};
    (void)state;

    assert_int_equal(answer(feed.nodes.source,
                            LIST("\"metadata\":{\"name\":\"n\"}," TIME
                                 ",\"usage\":" USAGE("\"1500m\"", "\"1Gi\"")),
                            &err),
                     0);
    assert_int_equal(answer(feed.nodes.source, LIST(POD), &err), -ENOMSG);
    usage_feed_done(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_settings_that_are_wrong),
        cmocka_unit_test(a_pod_is_kept_as_it_will_be_served),
        cmocka_unit_test(a_list_with_an_item_that_is_none_is_refused_whole),
        cmocka_unit_test(a_node_has_no_namespace_and_no_containers),
    };
    return cmocka_run_group_tests_name("usage_feed", tests, NULL, NULL);
}
