// SPDX-License-Identifier: MIT
/* scenario: recorded answers of an API server, step by step: one line of what `swell-lab evaluate`
 * reads; docs/evaluate.md has the format. One thread. */
#ifndef LAB_REPLAY_SCENARIO_H
#define LAB_REPLAY_SCENARIO_H

#include "lab/hpa/hpa.h"
#include "lab/replay/responses.h"

struct autoscaled { /* a HorizontalPodAutoscaler */
    json_t *object; /* with its namespace */
    struct hpa_spec *spec;
};

struct step {
    char *time_text;
    uint64_t time_ns;
    bool restart;
    struct autoscaled hpa; /* .spec NULL: stays as it was */
    struct responses responses;
};

struct scenario {
    json_t *name; /* a string */
    struct hpa_settings settings;
    struct autoscaled hpa;
    struct autoscaled *others;
    size_t other_count;
    struct step *steps;
    size_t step_count;
};

/* Reads one line, which must outlive the scenario. New in *ret; -EINVAL with a sentence that names
 * the member, or -ENOMEM. */
int scenario_parse(struct json_text line, struct scenario **ret, struct err *err);
void scenario_free(struct scenario *s);

#endif
