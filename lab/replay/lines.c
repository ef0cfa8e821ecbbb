// SPDX-License-Identifier: MIT
#include "lab/replay/lines.h"

#include "base/scoped.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (64 * KIB)

/* 1, 0 at the end of the file, or a negative errno. */
static int read_more(struct lines *l)
{
    char chunk[CHUNK_BYTES];
    const size_t room = l->text.max - l->text.len;
    ssize_t n;

    if (room == 0)
        return -E2BIG;
    do
        n = read(l->fd, chunk, room < sizeof(chunk) ? room : sizeof(chunk));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    int r = buf_append(&l->text, chunk, (size_t)n);
    return r < 0 ? r : n > 0;
}

/* Bytes before the end of the line that begins at, of which so many were searched before; all that
 * there are when it does not end yet. */
static size_t line_length(const struct lines *l, size_t searched)
{
    const size_t len = l->text.len - l->at;

    if (len == searched)
        return len;
    const char *line = l->text.data + l->at;
    const char *end = memchr(line + searched, '\n', len - searched);
    return end ? (size_t)(end - line) : len;
}

int lines_next(struct lines *l, const char **ret, size_t *ret_len)
{
    size_t len = line_length(l, 0);
    int r = 1;

    while (r > 0 && l->at + len == l->text.len) { /* its end is still to come */
        buf_consume(&l->text, l->at);
        l->at = 0;
        r = read_more(l);
        len = line_length(l, len);
    }
    if (r < 0 || (r == 0 && len == 0))
        return r;
    *ret = l->text.data + l->at;
    *ret_len = len;
    l->at += len + (r > 0); /* the last line may lack its end */
    return 1;
}

void lines_done(struct lines *l)
{
    buf_done(&l->text);
    l->at = 0;
}
