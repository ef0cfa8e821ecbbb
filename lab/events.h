// SPDX-License-Identifier: MIT
/* events: records what happened as Event objects in the store, as `kubectl describe` reads them.
 * The same text about the same object is counted, not repeated. Control thread. */
#ifndef LAB_EVENTS_H
#define LAB_EVENTS_H

#include "lab/kinds.h"

struct env;

struct event_about {
    enum kind_id kind;
    const char *ns, *name;
};

/* type is "Normal" or "Warning". */
void event_record(const struct env *env, struct event_about about, const char *type,
                  const char *reason, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
