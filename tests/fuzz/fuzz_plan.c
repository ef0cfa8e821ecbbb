// SPDX-License-Identifier: MIT
/* A simulation.yaml. What is accepted has only sensible numbers. */
#include "base/err.h"
#include "kube/yaml.h"
#include "lab/simulate/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rates(const struct profile *p, double duration_s)
{
    for (int i = -1; i <= 4; i++) {
        const double rate = profile_rate(p, duration_s * i / 4);
        if (!isfinite(rate) || rate < 0)
            abort();
    }
}

static void check(const struct plan *p)
{
    if (p->duration_ns % p->step_ns || p->sync_period_ns % p->step_ns ||
        p->sampling.resolution_ns % p->step_ns)
        abort();
    for (size_t i = 0; i < p->workload_count; i++) {
        const struct plan_workload *w = &p->workloads[i];
        if (w->copies < 1 || !(w->service.cpu_per_request_s > 0))
            abort();
        check_rates(&w->load, (double)p->duration_ns / 1e9);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_file *file = NULL;
    struct plan *plan = NULL;
    struct err err = {0};

    if (yaml_parse("fuzz", (const char *)data, size, &file, NULL) == 0 && yaml_count(file) == 1) {
        if (plan_make(file, yaml_document(file, 0), NULL, &plan, &err) == 0)
            check(plan);
        else if (strncmp(err.text, "fuzz:", 5) != 0) /* every refusal says where */
            abort();
    }
    plan_free(plan);
    yaml_file_free(file);
    return 0;
}
