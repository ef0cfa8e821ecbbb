// SPDX-License-Identifier: MIT
#include "base/command.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "http/client.h"
#include "lab/commands.h"

#include <jansson.h>
#include <sys/resource.h>

static const struct command commands[] = {
    {"demo", "plays scenes that show autoscaling", run_demo},
    {"evaluate", "plays recorded scenarios to the autoscaler", run_evaluate},
    {"simulate", "runs autoscalers against a model of load and pods", run_simulate},
    {"up", "runs manifests until Ctrl-C", run_up},
    {"why", "explains what an autoscaler did", run_why},
};

static const struct program program = {
    .name = "swell-lab",
    .summary = "Kubernetes autoscaling on one machine, without a cluster.",
    .commands = commands,
    .count = ARRAY_LEN(commands),
};

/* Each connection through a Service needs two descriptors. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    signals_block();
    raise_file_limit();
    json_object_seed(0);
    (void)http_client_setup();
    int code = command_run(&program, argc, argv);
    http_client_teardown();
    return code;
}
