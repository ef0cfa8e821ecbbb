// SPDX-License-Identifier: MIT
#include "base/base64.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A group of four letters on its way to three bytes. */
struct group {
    uint32_t bits;
    unsigned letters, padding;
};

static int add_letter(struct group *g, char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    if (c == '=' && g->letters >= 2)
        g->padding++;
    else if (!at || g->padding)
        return -EINVAL;
    g->bits = g->bits << 6 | (at ? (uint32_t)(at - alphabet) : 0);
    g->letters++;
    return 0;
}

static int put_group(struct buf *out, const struct group *g)
{
    const unsigned char bytes[] = {(unsigned char)(g->bits >> 16), (unsigned char)(g->bits >> 8),
                                   (unsigned char)g->bits};

    return buf_append(out, bytes, 3 - g->padding);
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
    struct group g = {0};
    int r = 0;

    for (size_t i = 0; i < len && r == 0; i++) {
        if (text[i] && strchr(" \t\r\n", text[i]))
            continue;
        if (g.letters == 4 && g.padding) /* the last group has been */
            return -EINVAL;
        if (g.letters == 4)
            g = (struct group){0};
        r = add_letter(&g, text[i]);
        if (r == 0 && g.letters == 4)
            r = put_group(out, &g);
    }
    return r == 0 && g.letters % 4 ? -EINVAL : r;
}

int base64_encode(struct buf *out, const void *data, size_t len)
{
    const unsigned char *in = data;
    int r = 0;

    for (size_t i = 0; i < len && r == 0; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)in[i] << 16;
        bits |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        bits |= left > 2 ? in[i + 2] : 0;
        const char letters[] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                                left > 1 ? alphabet[bits >> 6 & 63] : '=',
                                left > 2 ? alphabet[bits & 63] : '='};
        r = buf_append(out, letters, sizeof(letters));
    }
    return r;
}
