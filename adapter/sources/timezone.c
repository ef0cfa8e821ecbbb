// SPDX-License-Identifier: MIT
#include "adapter/sources/timezone.h"

#include "adapter/sources/posix_tz.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256 * KIB)
#define NAME_MAX_BYTES 64
#define HEADER_BYTES 44
#define FOOTER_MAX 256
#define DAY_S 86400

struct timezone_rules {
    int64_t *moments;   /* count of them, ascending: from each on the offset behind it counts */
    int32_t *offsets_s; /* one more: the first counts before all */
    size_t count;
    bool has_footer;
    struct posix_tz footer; /* counts after the last moment */
};

/* ---- the file ---- */

struct header {
    size_t isutc, isstd, leap, time, type, chars;
};

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t get64(const unsigned char *at)
{
    return (int64_t)((uint64_t)get32(at) << 32 | get32(at + 4));
}

static bool read_header(const unsigned char *at, size_t len, struct header *ret)
{
    if (len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    size_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        counts[i] = get32(at + 20 + 4 * i);
        if (counts[i] > FILE_MAX)
            return false;
    }
    *ret = (struct header){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return true;
}

/* The bytes behind a header; time_bytes: 4 in the first part of a file, 8 in the second. */
static size_t body_size(const struct header *h, size_t time_bytes)
{
    return h->time * time_bytes + h->time + h->type * 6 + h->chars + h->leap * (time_bytes + 4) +
           h->isstd + h->isutc;
}

static int read_transitions(const unsigned char *body, const struct header *h,
                            struct timezone_rules *t)
{
    const unsigned char *types = body + h->time * 8, *infos = types + h->time;

    t->moments = calloc(h->time + 1, sizeof(*t->moments));
    t->offsets_s = calloc(h->time + 1, sizeof(*t->offsets_s));
    if (!t->moments || !t->offsets_s)
        return -ENOMEM;
    t->count = h->time;
    t->offsets_s[0] = (int32_t)get32(infos);
    for (size_t i = 0; i < h->time; i++) {
        if (types[i] >= h->type)
            return -EINVAL;
        t->moments[i] = get64(body + i * 8);
        t->offsets_s[i + 1] = (int32_t)get32(infos + (size_t)types[i] * 6);
        if (i && t->moments[i] <= t->moments[i - 1])
            return -EINVAL;
    }
    return 0;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n" */
static int read_footer(const unsigned char *at, size_t len, struct timezone_rules *t)
{
    char text[FOOTER_MAX];

    if (len < 2 || at[0] != '\n')
        return -EINVAL;
    const unsigned char *end = memchr(at + 1, '\n', len - 1);
    size_t size = end ? (size_t)(end - at - 1) : 0;
    if (!end || size >= sizeof(text))
        return -EINVAL;
    if (size == 0)
        return 0;
    memcpy(text, at + 1, size);
    text[size] = '\0';
    t->has_footer = true;
    return posix_tz_parse(text, &t->footer);
}

static int parse(const unsigned char *at, size_t len, struct timezone_rules *t)
{
    struct header h;

    if (!read_header(at, len, &h) || body_size(&h, 4) > len - HEADER_BYTES)
        return -EINVAL;
    size_t first = HEADER_BYTES + body_size(&h, 4);
    at += first;
    len -= first;
    if (!read_header(at, len, &h) || h.type == 0 || body_size(&h, 8) > len - HEADER_BYTES)
        return -EINVAL;
    size_t size = body_size(&h, 8);
    int r = read_transitions(at + HEADER_BYTES, &h, t);
    return r == 0 ? read_footer(at + HEADER_BYTES + size, len - HEADER_BYTES - size, t) : r;
}

int timezone_parse(const void *data, size_t len, struct timezone_rules **ret)
{
    struct timezone_rules *t = calloc(1, sizeof(*t));
    int r = t ? parse(data, len, t) : -ENOMEM;

    if (r == 0)
        *ret = t;
    else
        timezone_free(t);
    return r;
}

void timezone_free(struct timezone_rules *t)
{
    if (!t)
        return;
    free(t->moments);
    free(t->offsets_s);
    free(t);
}

/* No way out of the folder: names are letters, digits and _ + - /, and no part is "..". */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= NAME_MAX_BYTES && name[0] != '/' && name[len - 1] != '/' &&
           !name[strspn(name,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")];
}

static int new_utc(struct timezone_rules **ret, struct err *err)
{
    struct timezone_rules *t = calloc(1, sizeof(*t));

    if (t)
        t->offsets_s = calloc(1, sizeof(*t->offsets_s));
    if (!t || !t->offsets_s) {
        timezone_free(t);
        return err_set(err, -ENOMEM, "out of memory");
    }
    *ret = t;
    return 0;
}

int timezone_new(const char *name, struct timezone_rules **ret, struct err *err)
{
    scoped(buf_done) struct buf file = {.max = FILE_MAX};
    char path[sizeof(TIMEZONE_FOLDER) + NAME_MAX_BYTES + 1];

    if (strcmp(name, "UTC") == 0)
        return new_utc(ret, err);
    if (!is_name(name))
        return err_set(err, -EINVAL, "'%.64s' is no name of a time zone such as Europe/Brussels",
                       name);
    (void)snprintf(path, sizeof(path), "%s/%s", TIMEZONE_FOLDER, name);
    int r = buf_read_file(&file, path, NULL);
    if (r < 0)
        return err_set(err, -ENOENT, "there is no time zone '%s' in %s", name, TIMEZONE_FOLDER);
    r = timezone_parse(file.data ? file.data : "", file.len, ret);
    return r == 0 ? 0 : err_set(err, r, "%s is no file of a time zone", path);
}

/* ---- the clock ---- */

int64_t timezone_offset_s(const struct timezone_rules *t, int64_t at_s)
{
    size_t from = 0, to = t->count; /* how many moments have passed lies between these */

    if (t->has_footer && (t->count == 0 || at_s >= t->moments[t->count - 1]))
        return posix_tz_offset_s(&t->footer, at_s);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (t->moments[middle] <= at_s)
            from = middle + 1;
        else
            to = middle;
    }
    return t->offsets_s[from];
}

int timezone_to_utc(const struct timezone_rules *t, int64_t local_s, int64_t *ret_at_s)
{
    /* No zone is further than a day from UTC, so the right offset is one of these two. */
    const int64_t offsets[] = {timezone_offset_s(t, local_s - DAY_S),
                               timezone_offset_s(t, local_s + DAY_S)};

    for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
        if (timezone_offset_s(t, local_s - offsets[i]) == offsets[i]) {
            *ret_at_s = local_s - offsets[i];
            return 0;
        }
    return -ENOENT;
}
