// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;

    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return code;
}

static void put_in_front(struct err *err, const char *format, va_list args, const char *text)
    __attribute__((format(printf, 2, 0)));

static void put_in_front(struct err *err, const char *format, va_list args, const char *text)
{
    char context[sizeof(err->text)];

    (void)vsnprintf(context, sizeof(context), format, args);
    size_t len = strlen(context);
    if (len + 2 >= sizeof(context))
        len = sizeof(context) - 3;
    (void)snprintf(context + len, sizeof(context) - len, ": %s", text);
    memcpy(err->text, context, sizeof(err->text));
}

int err_wrap(struct err *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;

    va_start(args, format);
    put_in_front(err, format, args, err->text);
    va_end(args);
    return code;
}

int err_errno(struct err *err, int errno_value, const char *format, ...)
{
    char reason[128];
    va_list args;

    if (!err)
        return -errno_value;

    va_start(args, format);
    put_in_front(err, format, args, strerror_r(errno_value, reason, sizeof(reason)));
    va_end(args);
    return -errno_value;
}
