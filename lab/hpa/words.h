// SPDX-License-Identifier: MIT
/* words: a short text for people, put together piece by piece; numbers, times and metrics as they
 * are read aloud. UTF-8 in, whole UTF-8 out. One thread. */
#ifndef LAB_HPA_WORDS_H
#define LAB_HPA_WORDS_H

#include "lab/hpa/hpa.h"

/* Room for a number, an amount or a duration. */
#define WORD_MAX 64

struct words { /* what is said so far */
    char *text;
    size_t len;
};

/* Text of HPA_SENTENCE_MAX bytes. */
struct words words_begin(char *text);

/* What does not fit any more is cut. */
void words_say(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Mends a character that was cut in its middle, which JSON would refuse. Returns the text. */
char *words_end(struct words *w);

const char *words_number(double value, char text[WORD_MAX]);  /* 2.44, 1.5, 3 */
const char *words_duration(uint64_t ns, char text[WORD_MAX]); /* 4 minutes 10 seconds */
const char *words_count(int64_t n, const char *noun, char text[WORD_MAX]); /* 1 pod, 2 pods */

/* "CPU", "memory", "CPU of container web", "hits of Ingress main", "queue_depth" */
void words_say_metric(struct words *w, const struct hpa_metric *m);

/* A value of the metric as it is compared with its target: "122 %", "500m", "1.5 MiB", "47". */
const char *words_amount(const struct hpa_metric *m, double value, char text[WORD_MAX]);

#endif
