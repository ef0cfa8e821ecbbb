// SPDX-License-Identifier: MIT
/* jsontext: reads JSON as a text, in one pass and without building values: says whether it is JSON,
 * in the words of Go's encoding/json (they end up in conditions of an HPA), and where its parts
 * stand.
 *
 *     struct json_walk w = json_walk_begin(text, &err);
 *     struct json_text key, value;
 *
 *     if (json_walk_object(&w))
 *         while (json_walk_member(&w, &key))
 *             json_walk_value(&w, &value);
 *     r = json_walk_end(&w);
 *
 * Any thread. */
#ifndef LAB_REPLAY_JSONTEXT_H
#define LAB_REPLAY_JSONTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct err;

struct json_text {
    const char *at; /* not NUL-terminated; NULL: absent */
    size_t len;
};

struct json_walk { /* the fields belong to jsontext.c, but for result */
    const char *at, *end;
    size_t depth;
    bool first; /* nothing was read since the bracket */
    int result; /* 0 or -EINVAL; then nothing is found any more */
    struct err *err;
};

struct json_walk json_walk_begin(struct json_text text, struct err *err);

/* What the next value is: '{', '[', '"', '0' for a number, 't' for true and false, 'n' for null. */
char json_walk_type(struct json_walk *w);

/* Goes into the next value when it is an object (a list); false, and it is still the next, when it
 * is something else. */
bool json_walk_object(struct json_walk *w);
bool json_walk_list(struct json_walk *w);

/* The next member of the object that the walk is in: its key with its quotes, and the walk stands
 * before the value. False behind the last one, when the walk has left the object. */
bool json_walk_member(struct json_walk *w, struct json_text *ret_key);

/* The same for a list: stands before the next element. */
bool json_walk_element(struct json_walk *w);

/* The next value when it is a string, with its quotes; false, and it is still the next, when it is
 * something else. */
bool json_walk_string(struct json_walk *w, struct json_text *ret);

/* The next value as a whole. Absent when the text is wrong. */
struct json_text json_walk_value(struct json_walk *w);

/* Goes over the next value if it is an object or a list and written as text, which was found good
 * before: much faster than finding it good again. */
bool json_walk_again(struct json_walk *w, struct json_text text);

/* Nothing may follow. Returns the result: 0, or -EINVAL with Go's sentence in err ("invalid
 * character '<' looking for beginning of value"). */
int json_walk_end(struct json_walk *w);

/* The same for a whole text at once. */
int json_text_check(struct json_text text, struct err *err);

/* Whether a key is name, written without escapes. */
static inline bool json_text_is(struct json_text key, const char *name)
{
    const size_t len = strlen(name); /* known to the compiler, most of the time */

    return key.len == len + 2 && memcmp(key.at + 1, name, len) == 0;
}

/* The first byte that cannot stand for itself in a string: a quote, a backslash, a control
 * character; or the end. */
const char *json_text_skip_plain(const char *at, const char *end);

/* Whether a good string stands for itself between its quotes: ASCII, without escapes. */
bool json_text_is_plain(struct json_text text);

/* The value of a good text. New; NULL with err when jansson cannot hold it (a lone surrogate, a
 * number beyond 64 bits), or when out of memory. */
json_t *json_text_load(struct json_text text, struct err *err);

#endif
