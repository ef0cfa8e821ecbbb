// SPDX-License-Identifier: MIT
/* book: which answer the API server of a scenario has for a request, at this step. Answers stay
 * until they are given anew or withdrawn. One thread. */
#ifndef LAB_REPLAY_BOOK_H
#define LAB_REPLAY_BOOK_H

#include "lab/replay/scenario.h"

struct book;

struct book *book_new(void); /* NULL when out of memory */
void book_free(struct book *b);

/* Begins a step. Its answers are borrowed until they are replaced. 0 or -ENOMEM. */
int book_turn(struct book *b, const struct step *step);

/* The answer to the next request of this step with that key; NULL when there is none. */
struct answer *book_take(struct book *b, const char *key);

/* The answer to the first one, without asking. */
struct answer *book_look(const struct book *b, const char *key);

#endif
