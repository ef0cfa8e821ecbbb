// SPDX-License-Identifier: MIT
#include "http/urltext.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char c, const char *more)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr(more, c);
}

/* Appends text with what is not plain as "%XX", but a blank as blank says. */
static int put(struct buf *url, const char *text, const char *more, const char *blank)
{
    int r = 0;

    for (const unsigned char *c = (const unsigned char *)text; r == 0 && *c; c++) {
        if (*c == ' ')
            r = buf_puts(url, blank);
        else
            r = is_plain(*c, more) ? buf_append(url, c, 1) : buf_printf(url, "%%%02X", *c);
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
    int r = buf_printf(url, "%c%s=", url->data && strchr(url->data, '?') ? '&' : '?', name);
    return r < 0 ? r : put(url, value, "-_.~", "+");
}
