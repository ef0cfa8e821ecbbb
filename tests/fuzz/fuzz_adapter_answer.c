// SPDX-License-Identifier: MIT
/* What a source answers. The first byte says to which kind, the rest are answers with a NUL between
 * them, as many as the kind asks for. */
#include "adapter/source.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {
    "{source: {http: {url: 'http://q', valuePath: 'queues[0].depth'}}}",
    "{source: {prometheus: {url: 'http://p', query: a}}}",
    "{source: {exposition: {url: 'http://a', metric: 'depth{q=\"a\"}'}}}",
    "{source: {exposition: {url: 'http://a', metric: jobs_total, as: rate}}}",
    "{source: {rabbitmq: {url: 'http://r', queue: a, mode: ExpectedQueueConsumptionTime}}}",
    "{source: {rabbitmq: {url: 'http://r', queueRegex: '.'}}}",
    "{source: {nats: {url: 'http://n:8222', stream: s, consumer: c}}}",
    "{source: {swellQueue: {url: 'http://q', queue: jobs}}}",
};
#define KINDS (sizeof(texts) / sizeof(texts[0]))

static struct source *make_source(const char *text)
{
    struct yaml_file *file = NULL;
    struct source *source = NULL;
    struct err err = {0};

    if (yaml_parse("fuzz", text, strlen(text), &file, &err) < 0)
        abort();
    const struct strict s = {.file = file, .err = &err};
    if (source_read_config(&s, json_object_get(yaml_document(file, 0), "source"), "source",
                           &source) < 0)
        abort();
    yaml_file_free(file);
    return source;
}

static void check(const struct samples *samples)
{
    for (size_t i = 0; i < samples_count(samples); i++)
        if (samples_at(samples, i)->value_milli < 0)
            abort();
}

/* One poll, as the poller makes it; an error always has a reason. */
static void poll_once(const struct source *source, struct source_poll *poll, const char *data,
                      size_t size)
{
    const char *end = data + size;
    int r = SOURCE_ASK_AGAIN;

    for (poll->step = 0; r == SOURCE_ASK_AGAIN && data <= end; poll->step++) {
        struct source_request request = {0};
        struct samples *samples = samples_new();
        struct err err = {0};
        const char *stop = memchr(data, '\0', (size_t)(end - data));
        struct buf body = {.max = SOURCE_BODY_MAX};
        if (source->kind->request(source, poll, &request, &err) < 0 || !request.call.url)
            abort();
        source_request_done(&request);
        stop = stop ? stop : end;
        if (buf_append(&body, data, (size_t)(stop - data)) == 0)
            r = source->kind->read_answer(source, poll, 200, &body, samples, &err);
        if (r < 0 && !err.text[0])
            abort();
        check(samples);
        samples_unref(samples);
        buf_done(&body);
        data = stop + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct source *sources[KINDS];

    if (size == 0)
        return 0;
    size_t kind = data[0] % KINDS;
    if (!sources[kind])
        sources[kind] = make_source(texts[kind]);
    const struct source *source = sources[kind];
    struct source_poll poll = {.started_ns = 1, .memory = calloc(1, source->kind->memory_size + 1)};
    for (int i = 0; i < 2; i++) { /* what is kept from poll to poll */
        poll.started_ns += 1000000000;
        poll_once(source, &poll, (const char *)data + 1, size - 1);
    }
    if (source->kind->memory_done)
        source->kind->memory_done(poll.memory);
    free(poll.memory);
    return 0;
}
