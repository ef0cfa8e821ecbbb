// SPDX-License-Identifier: MIT
/* usage: the samples in the text of a PodMetricsList. Every step has a new one, so it is read here
 * without building values of it, in the form in which metrics-server writes it. What is written in
 * another way is for decode.h and observe.h, which read everything and have words for what is
 * wrong; where both can read they agree. One thread. */
#ifndef LAB_REPLAY_USAGE_H
#define LAB_REPLAY_USAGE_H

#include "lab/hpa/hpa.h"
#include "lab/replay/jsontext.h"

struct usage { /* {0}; usage_done releases */
    struct hpa_sample *samples;
    size_t count;
    size_t items; /* of the list; some may give no sample */
    char *names;  /* of the pods */
};

/* body is JSON. False when it is not of that form, or there is no memory. */
bool usage_read(struct json_text body, const struct hpa_metric *metric, struct usage *ret);
void usage_done(struct usage *u);

#endif
