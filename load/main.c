// SPDX-License-Identifier: MIT
#include "base/command.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "http/client.h"
#include "load/commands.h"

#include <jansson.h>
#include <stdio.h>

static const struct command commands[] = {
    {"run", "send HTTP requests, at a rate or from clients in a loop", run_command},
    {"produce", "put jobs into a swell-workload queue, at a rate", produce_command},
};

static const struct program program = {
    "swell-load",
    "makes honest load and says what it felt like",
    commands,
    ARRAY_LEN(commands),
};

int main(int argc, char **argv)
{
    json_object_seed(0);
    signals_block();
    if (http_client_setup() < 0) {
        (void)fprintf(stderr, "swell-load: libcurl does not start\n");
        return EXIT_FAILURE;
    }
    int code = command_run(&program, argc, argv);

    http_client_teardown();
    return code;
}
