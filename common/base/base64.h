// SPDX-License-Identifier: MIT
/* base64: RFC 4648, the alphabet with + and /, padded; what Kubernetes writes bytes in. Any thread.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the bytes that text stands for; line breaks and blanks between are skipped. 0, -EINVAL
 * for what is not base64, or an error of buf_append; out then holds a part. */
int base64_decode(struct buf *out, const char *text, size_t len);

/* Appends the text for the bytes. Errors as buf_append. */
int base64_encode(struct buf *out, const void *data, size_t len);

#endif
