// SPDX-License-Identifier: MIT
#include "http/urltext.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char c, const char *more)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr(more, c);
}

int urltext_path(struct buf *url, const char *text)
{
    int r = 0;

    for (const unsigned char *c = (const unsigned char *)text; r == 0 && *c; c++)
        r = is_plain(*c, "-_.~$&+:=@,;/") ? buf_append(url, c, 1) : buf_printf(url, "%%%02X", *c);
    return r;
}

static int put_value(struct buf *url, const char *value)
{
    int r = 0;

    for (const unsigned char *c = (const unsigned char *)value; r == 0 && *c; c++) {
        if (*c == ' ')
            r = buf_puts(url, "+");
        else
            r = is_plain(*c, "-_.~") ? buf_append(url, c, 1) : buf_printf(url, "%%%02X", *c);
    }
    return r;
}

int urltext_query(struct buf *url, const char *name, const char *value)
{
    if (!*value)
        return 0;
    int r = buf_printf(url, "%c%s=", url->data && strchr(url->data, '?') ? '&' : '?', name);
    return r < 0 ? r : put_value(url, value);
}
