// SPDX-License-Identifier: MIT
/* value: reads the next value of a walk as what a scenario wants there, or says in the walk's err
 * what it is instead. All return 0, -EINVAL or -ENOMEM. Any thread. */
#ifndef LAB_REPLAY_VALUE_H
#define LAB_REPLAY_VALUE_H

#include "lab/replay/jsontext.h"

/* 1 inside of an object (a list); 0 for null, which counts as absent. */
int value_enter_object(struct json_walk *w);
int value_enter_list(struct json_walk *w);

/* New in *ret, in place of what was there; as it was when the value is null. */
int value_json(struct json_walk *w, json_t **ret);

/* The same for a string without a NUL character, which null is not. */
int value_string(struct json_walk *w, char **ret);

int value_bool(struct json_walk *w, bool *ret); /* null is false */

/* What a good string says, NUL characters included. New in *ret, in place of what was there. */
int value_text(struct json_text text, char **ret, size_t *ret_len, struct err *err);

/* -EINVAL with "must be WHAT, not ...". */
int value_wrong(struct json_walk *w, const char *what);

/* -ENOMEM with its sentence. */
int value_no_memory(struct err *err);

#endif
