// SPDX-License-Identifier: MIT
#include "base/buf.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes room for extra more bytes and the NUL. */
static int reserve(struct buf *b, size_t extra)
{
    if (extra > b->max || b->len > b->max - extra)
        return -E2BIG;

    size_t need = b->len + extra;
    if (need < b->size)
        return 0;
    if (need >= SIZE_MAX / 2) /* so that neither doubling nor the NUL overflows */
        return -ENOMEM;

    size_t size = b->size ? b->size : 64;
    while (size <= need)
        size *= 2;
    if (size > b->max)
        size = b->max + 1;

    char *data = realloc(b->data, size);
    if (!data)
        return -ENOMEM;

    b->data = data;
    b->size = size;
    return 0;
}

int buf_append(struct buf *b, const void *data, size_t len)
{
    int r = reserve(b, len);
    if (r < 0)
        return r;

    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_puts(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int r;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);

    r = len < 0 ? -EINVAL : reserve(b, (size_t)len);
    if (r == 0) {
        (void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    return r;
}

void buf_consume(struct buf *b, size_t len)
{
    if (len == 0)
        return;
    memmove(b->data, b->data + len, b->len - len + 1);
    b->len -= len;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    if (!b->data && reserve(b, 0) < 0)
        return NULL;

    char *data = b->data;
    data[b->len] = '\0';
    if (ret_len)
        *ret_len = b->len;
    *b = (struct buf){.max = b->max};
    return data;
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

int buf_read_file(struct buf *b, const char *path, struct err *err)
{
    char chunk[4096];
    ssize_t n;
    scoped(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "cannot open '%s'", path);

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "cannot read '%s'", path);
        int r = buf_append(b, chunk, (size_t)n);
        if (r == -E2BIG)
            return err_set(err, r, "'%s' is larger than %zu bytes", path, b->max);
        if (r < 0)
            return err_set(err, r, "out of memory while reading '%s'", path);
    }
    return 0;
}
