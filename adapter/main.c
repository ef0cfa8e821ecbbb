// SPDX-License-Identifier: MIT
#include "adapter/commands.h"

#include "base/command.h"
#include "base/scoped.h"

#include <stdbool.h>
#include <string.h>

static const struct command commands[] = {
    {"run", "polls the sources and serves the metrics API (the default)", adapter_run},
    {"check", "validates a configuration file", adapter_check},
    {"explain", "reads a metric once and prints each step", adapter_explain},
};
static const struct program program = {
    "swell-adapter", "gives a Kubernetes HorizontalPodAutoscaler values from queues and services",
    commands, ARRAY_LEN(commands)};

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "--";
    bool is_flag =
        first[0] == '-' && strcmp(first, "--help") != 0 && strcmp(first, "--version") != 0;

    return is_flag ? adapter_run(argc, argv) : command_run(&program, argc, argv);
}
