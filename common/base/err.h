// SPDX-License-Identifier: MIT
/* err: one sentence about what went wrong, written for the person who will read it.
 *
 * Caller-owned and of fixed size, so reporting out-of-memory needs no memory. Every function
 * accepts NULL where the caller does not want the text. One thread per struct. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

struct err { /* {0} is ready to use */
    char text[512];
};

/* Writes the sentence and returns code, a negative errno, so that callers can write
 * `return err_set(err, -EINVAL, ...)`. A text that is too long is cut. */
int err_set(struct err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts context in front of the text that err holds: "context: text". Returns code. */
int err_wrap(struct err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets "context: strerror(errno_value)" and returns -errno_value (errno_value > 0). */
int err_errno(struct err *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
