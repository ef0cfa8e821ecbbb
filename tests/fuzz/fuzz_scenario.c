// SPDX-License-Identifier: MIT
/* Scenarios: what is read can be played to the end, and each step gives an object that can be
 * written; what is refused has a message. */
#include "base/err.h"
#include "base/scoped.h"
#include "lab/replay/replay.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const struct scenario *s)
{
    struct replay *replay = NULL;
    size_t steps = 0;

    if (replay_new(s, &replay) < 0)
        abort();
    for (;; steps++) {
        json_auto_t *line = NULL;
        if (replay_step(replay, true, &line) < 0)
            break;
        scoped(free_at) char *text = json_dumps(line, JSON_COMPACT);
        if (!text)
            abort();
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
