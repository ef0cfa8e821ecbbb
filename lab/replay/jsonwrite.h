// SPDX-License-Identifier: MIT
/* jsonwrite: writes JSON as a text, without building values first: the bytes are those of jansson's
 * JSON_COMPACT. For results that are written by the thousand: jansson needs four times as long.
 *
 *     struct json_writer w = json_write_begin(&buf);
 *
 *     json_write_open(&w, '{');
 *     json_write_key(&w, "name");
 *     json_write_text(&w, "web");
 *     json_write_close(&w, '}');
 *     if (w.result < 0)
 *
 * Commas come by themselves. Texts are UTF-8. One thread. */
#ifndef LAB_REPLAY_JSONWRITE_H
#define LAB_REPLAY_JSONWRITE_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

struct json_writer { /* the fields belong to jsonwrite.c, but for result */
    struct buf *out;
    bool first; /* no comma goes before what comes next */
    int result; /* 0, or that of buf_append when it failed; then nothing is written any more */
};

struct json_writer json_write_begin(struct buf *out);

/* bracket: '{' or '[', and the one that closes it. */
void json_write_open(struct json_writer *w, char bracket);
void json_write_close(struct json_writer *w, char bracket);

/* Its value comes next. */
void json_write_key(struct json_writer *w, const char *key);

void json_write_text(struct json_writer *w, const char *text);
void json_write_integer(struct json_writer *w, json_int_t value);
void json_write_bool(struct json_writer *w, bool value);

/* Any value, with all that is in it. NULL writes null. */
void json_write_value(struct json_writer *w, const json_t *value);

#endif
