// SPDX-License-Identifier: MIT
/* urltext: texts in the path and the query of a URL, as Go's net/url writes them, so that requests
 * look like those of Kubernetes' own clients. 0; -E2BIG or -ENOMEM. Any thread. */
#ifndef HTTP_URLTEXT_H
#define HTTP_URLTEXT_H

#include "base/buf.h"

/* Appends all of text but what may stand in a path as it is ("*" becomes "%2A", "/" stays). */
int urltext_path(struct buf *url, const char *text);

/* One segment of a path: "/" becomes "%2F", "" nothing. */
int urltext_segment(struct buf *url, const char *text);

/* Appends "?name=value", or "&name=value" when url has a "?" already; nothing for value "". */
int urltext_query(struct buf *url, const char *name, const char *value);

#endif
