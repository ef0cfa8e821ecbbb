// SPDX-License-Identifier: MIT
/* responses: what the API server of a scenario answers from one step on, as its "responses" say.
 * Bodies stay as they were written until somebody wants them. One thread. */
#ifndef LAB_REPLAY_RESPONSES_H
#define LAB_REPLAY_RESPONSES_H

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

struct responses { /* {0}; responses_done releases */
    struct response *all;
    size_t count;
};

/* Reads the next value of the walk, whose text must outlive them. before: those of the step before,
 * which must not move any more; NULL: it is the first. 0; -EINVAL with a sentence, or -ENOMEM: *ret
 * then has some of them. */
int responses_read(struct json_walk *w, const struct responses *before, struct responses *ret);
void responses_done(struct responses *r);

/* Releases what was read of the answer's body. */
void answer_forget(struct answer *a);

#endif
