// SPDX-License-Identifier: MIT
#include "metrics/traceparent.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* version "-" trace-id "-" parent-id "-" flags */
#define TRACE_ID_AT 3
#define PARENT_ID_AT 36
#define FLAGS_AT 53
#define LEN 55

/* len lower-case hex digits, and then the byte end. */
static bool is_field(const char *text, size_t len, char end)
{
    return strspn(text, "0123456789abcdef") == len && text[len] == end;
}

static bool is_zero(const char *text, size_t len)
{
    return strspn(text, "0") >= len;
}

/* Version ff is forbidden; one above 00 may say more after what 00 says. */
static bool is_end_right(const char *header)
{
    char end = header[LEN];

    return strncmp(header, "00", 2) == 0 ? end == '\0' : end == '\0' || end == '-';
}

int traceparent_read(const char *header, char ret_trace_id[TRACE_ID_SIZE])
{
    if (!header || strlen(header) < LEN || strncmp(header, "ff", 2) == 0 ||
        !is_field(header, 2, '-') ||
        !is_field(header + TRACE_ID_AT, PARENT_ID_AT - TRACE_ID_AT - 1, '-') ||
        !is_field(header + PARENT_ID_AT, FLAGS_AT - PARENT_ID_AT - 1, '-') ||
        !is_field(header + FLAGS_AT, LEN - FLAGS_AT, header[LEN]) || !is_end_right(header) ||
        is_zero(header + TRACE_ID_AT, PARENT_ID_AT - TRACE_ID_AT - 1) ||
        is_zero(header + PARENT_ID_AT, FLAGS_AT - PARENT_ID_AT - 1))
        return -EINVAL;
    memcpy(ret_trace_id, header + TRACE_ID_AT, TRACE_ID_SIZE - 1);
    ret_trace_id[TRACE_ID_SIZE - 1] = '\0';
    return 0;
}
