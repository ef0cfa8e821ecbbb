// SPDX-License-Identifier: MIT
/* texts: the sentences of one decision, kept until the next one. Never fails: a text for which
 * there is no memory says so. One thread. */
#ifndef LAB_HPA_TEXTS_H
#define LAB_HPA_TEXTS_H

#include <stddef.h>

struct texts { /* {0} is ready to use */
    char **all;
    size_t count, size;
};

const char *texts_format(struct texts *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void texts_clear(struct texts *t); /* keeps the array */
void texts_done(struct texts *t);

#endif
