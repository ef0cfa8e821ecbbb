// SPDX-License-Identifier: MIT
#include "http/urltext.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char c, const char *more)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr(more, c);
}

static int put_escape(struct buf *url, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";

    return buf_append(url, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
}

/* plain: what stands for itself beside letters and digits. space: what stands for a space. */
static int put(struct buf *url, const char *text, const char *plain, const char *space)
{
    int r = 0;

    while (r == 0 && *text) {
        const char *from = text;
        while (*text && is_plain((unsigned char)*text, plain))
            text++;
        r = buf_append(url, from, (size_t)(text - from));
        if (r == 0 && *text)
            r = *text == ' ' ? buf_puts(url, space) : put_escape(url, (unsigned char)*text);
        text += *text != '\0';
    }
    return r;
}

int urltext_path(struct buf *url, const char *text)
{
    return put(url, text, "-_.~$&+:=@,;/", "%20");
}

int urltext_segment(struct buf *url, const char *text)
{
    return put(url, text, "-_.~$&+:=@", "%20");
}

int urltext_query(struct buf *url, const char *name, const char *value)
{
    if (!*value)
        return 0;
    int r = buf_puts(url, url->data && strchr(url->data, '?') ? "&" : "?");

    if (r == 0)
        r = buf_puts(url, name);
    if (r == 0)
        r = buf_puts(url, "=");
    return r == 0 ? put(url, value, "-_.~", "+") : r;
}
