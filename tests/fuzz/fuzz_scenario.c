// SPDX-License-Identifier: MIT
/* Scenarios: what is read can be played to the end, and each step gives an object, written as
 * jansson would write it; what is refused has a message. */
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "lab/replay/replay.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct buf *line)
{
    json_error_t error;
    json_auto_t *result = json_loadb(line->data, line->len, JSON_ALLOW_NUL, &error);
    scoped(free_at) char *text = json_dumps(result, JSON_COMPACT);

    if (!result && json_error_code(&error) == json_error_stack_overflow)
        return; /* deep as it may be in the input, and now in an object */
    if (!text || strcmp(text, line->data) != 0)
        abort();
}

static void play(const struct scenario *s)
{
    scoped(buf_done) struct buf line = {.max = 64 * MIB};
    struct replay *replay = NULL;
    size_t steps = 0;

    if (replay_new(s, &replay) < 0)
        abort();
    for (; replay_step(replay, true, &line) == 0; steps++) {
        check(&line);
        buf_clear(&line);
    }
    if (steps != s->step_count)
        abort();
    replay_free(replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *s = NULL;
    struct err err = {0};

    if (scenario_parse((struct json_text){(const char *)data, size}, &s, &err) == 0)
        play(s);
    else if (!*err.text)
        abort();
    scenario_free(s);
    return 0;
}
