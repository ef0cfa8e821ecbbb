// SPDX-License-Identifier: MIT
/* What a usage feed answers: the first byte says whether of pods or of nodes. */
#include "adapter/usage_feed.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_feed(struct usage_feed *ret)
{
    static const char text[] = "{usage: {pods: {url: 'http://a/p'}, nodes: {url: 'http://a/n'}}}";
    struct yaml_file *file = NULL;
    struct err err = {0};

    if (yaml_parse("fuzz", text, strlen(text), &file, &err) < 0)
        abort();
    const struct strict s = {.file = file, .err = &err};
    if (usage_feed_read_config(&s, yaml_document(file, 0), ret) < 0)
        abort();
    yaml_file_free(file);
}

/* What is kept can be served. */
static void check(const struct samples *samples)
{
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct sample *s = samples_at(samples, i);
        json_t *item = json_loads(sample_label(s, USAGE_ITEM), 0, NULL);
        json_t *labels = json_loads(sample_label(s, USAGE_LABELS), 0, NULL);
        if (!item || !labels || !s->measured_wall_ns)
            abort();
        json_decref(item);
        json_decref(labels);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct usage_feed feed;
    struct source_poll poll = {0};
    struct err err = {0};

    if (!feed.pods.source)
        make_feed(&feed);
    if (size == 0)
        return 0;
    const struct source *source = data[0] & 1 ? feed.nodes.source : feed.pods.source;
    struct buf body = {.max = SOURCE_BODY_MAX};
    struct samples *samples = samples_new();
    if (buf_append(&body, data + 1, size - 1) == 0 &&
        source->kind->read_answer(source, &poll, 200, &body, samples, &err) < 0 && !err.text[0])
        abort();
    check(samples);
    samples_unref(samples);
    buf_done(&body);
    return 0;
}
