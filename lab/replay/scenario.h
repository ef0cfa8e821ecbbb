// SPDX-License-Identifier: MIT
/* scenario: recorded answers of an API server, step by step: one line of what `swell-lab evaluate`
 * reads; docs/evaluate.md has the format. Bodies stay as they were written until somebody wants
 * them. One thread. */
#ifndef LAB_REPLAY_SCENARIO_H
#define LAB_REPLAY_SCENARIO_H

#include "lab/hpa/hpa.h"
#include "lab/replay/jsontext.h"

struct answer { /* to one request */
    int code;
    char *error;           /* the connection fails with this text; NULL: it does not */
    struct json_text body; /* .at NULL: none is given */
    bool good;             /* the body is known to be JSON */
    char *own_body;        /* what body points into, when it was given as a string */

    /* Of whoever reads the body: kept with it because answers stay for many steps. */
    bool read;
    json_t *object;
};

struct response {
    char *key;              /* "/api/v1/...", "PUT /apis/..." */
    struct json_text given; /* as it was written */
    struct answer *answers; /* to the first, second, ... request of a step; the last one repeats */
    size_t count;           /* 0: withdrawn */

    /* The response of an earlier step that says the same, and has the answers; NULL: none. */
    const struct response *same;
};

struct autoscaled { /* a HorizontalPodAutoscaler */
    json_t *object; /* with its namespace */
    struct hpa_spec *spec;
};

struct step {
    char *time_text;
    uint64_t time_ns;
    bool restart;
    struct autoscaled hpa; /* .spec NULL: stays as it was */
    struct response *responses;
    size_t response_count;
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

/* Releases what was read of the answer's body. */
void scenario_forget(struct answer *a);

#endif
