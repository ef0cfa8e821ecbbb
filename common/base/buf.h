// SPDX-License-Identifier: MIT
/* buf: the one growing buffer, born with its maximum. Always NUL-terminated once it holds anything.
 *
 *     scoped(buf_done) struct buf b = {.max = 64 * KIB};
 *
 * One thread. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct buf {     /* {.max = bytes} is ready to use; read data and len, leave the rest to buf.c */
    char *data;  /* len bytes and a NUL; NULL while nothing was ever appended */
    size_t len;  /* bytes, without the NUL */
    size_t size; /* bytes allocated */
    size_t max;  /* len never gets larger; 0 means nothing fits */
};

/* Appends len bytes. 0, -E2BIG beyond max, or -ENOMEM; on failure the buffer is as it was. */
int buf_append(struct buf *b, const void *data, size_t len);

/* Appends a NUL-terminated text. Errors as buf_append. */
int buf_puts(struct buf *b, const char *text);

/* Appends formatted text. Errors as buf_append. */
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Removes the first len bytes (len <= b->len). */
void buf_consume(struct buf *b, size_t len);

/* Forgets the content and keeps the memory. */
void buf_clear(struct buf *b);

/* Hands the content out: a new NUL-terminated string (free() it), or NULL when out of memory.
 * The buffer is empty afterwards and can be used again. */
char *buf_take(struct buf *b, size_t *ret_len);

/* Releases the memory. The buffer keeps its maximum and can be used again. */
void buf_done(struct buf *b);

/* Appends the whole file. -E2BIG when it has more than the buffer takes, else a negative errno;
 * err names the file. */
int buf_read_file(struct buf *b, const char *path, struct err *err);

#endif
