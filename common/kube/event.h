// SPDX-License-Identifier: MIT
/* event: what an API server writes while it is watched: one JSON object a line. Any thread.
 *
 * Source: apimachinery's metav1.WatchEvent. */
#ifndef KUBE_EVENT_H
#define KUBE_EVENT_H

#include "base/buf.h"

#include <jansson.h>

enum kube_event_type { KUBE_EVENT_PUT, KUBE_EVENT_DELETED, KUBE_EVENT_BOOKMARK, KUBE_EVENT_ERROR };

struct kube_event { /* kube_event_done releases it */
    enum kube_event_type type;
    json_t *object;               /* for ERROR a Status */
    const char *resource_version; /* inside object; "" for ERROR */
    int code;                     /* ERROR: as an HTTP status, 0 when it says none */
};

/* Reads one line. 0 and *ret; -EBADMSG for what is no event, with a sentence. */
int kube_event_parse(const char *line, size_t len, struct kube_event *ret, struct err *err);
void kube_event_done(struct kube_event *e);

/* Takes the first whole line out of bytes: 0 and *ret; -EAGAIN while there is none; -EBADMSG for a
 * line that is no event, which is taken out too. Empty lines are skipped. */
int kube_event_next(struct buf *bytes, struct kube_event *ret, struct err *err);

/* metadata.resourceVersion of an object or a list, "" when there is none. Borrowed. */
const char *kube_resource_version(const json_t *object);

#endif
