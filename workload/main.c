// SPDX-License-Identifier: MIT
#include "base/command.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "workload/role.h"

#include <jansson.h>

static const struct command commands[] = {
    {"serve", "burns an exact amount of CPU for each HTTP request", serve_run},
    {"queue", "keeps jobs in a file and hands them out over HTTP", queue_run},
    {"work", "takes jobs from a queue and burns their CPU", work_run},
    {"consume", "uses CPU and memory as it is asked to, as Kubernetes' resource-consumer",
     consume_run},
    {"consume-controller",
     "spreads requests over consumers, as agnhost's resource-consumer-controller",
     consume_controller_run},
#ifdef SWELL_REDIS
    {"value", "keeps values in Redis, with a deadline and a limited pool of connections",
     value_run},
#endif
};
static const struct program program = {"swell-workload",
                                       "a workload for demonstrations and tests of autoscaling",
                                       commands, ARRAY_LEN(commands)};

int main(int argc, char **argv)
{
    signals_block();
    json_object_seed(0);
    return command_run(&program, argc, argv);
}
