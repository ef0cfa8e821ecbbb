// SPDX-License-Identifier: MIT
#include "lab/events.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "lab/env.h"
#include "lab/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static json_t *new_event(const struct event_about *about, const char *name, const char *now)
{
    char api_version[128];
    const struct kind *k = &kinds[about->kind];

    return json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:s, s:i, s:{s:s}}", "metadata",
                     "name", name, "namespace", about->ns, "involvedObject", "apiVersion",
                     kind_api_version(k, api_version, sizeof(api_version)), "kind", k->kind,
                     "namespace", about->ns, "name", about->name, "firstTimestamp", now, "count", 0,
                     "source", "component", "swell-lab");
}

/* Bytes of the character at text, or 0 when it is not UTF-8. */
static size_t character_len(const char *text)
{
    size_t most = strnlen(text, 4);

    for (size_t len = 1; len <= most; len++) {
        json_auto_t *one = json_stringn(text, len);
        if (one)
            return len;
    }
    return 0;
}

/* What a process printed last may be anything, and may have been cut anywhere; jansson takes only
 * UTF-8. The rest becomes '?'. */
static void make_utf8(char *text)
{
    while (*text) {
        size_t len = character_len(text);
        if (!len)
            *text = '?';
        text += len ? len : 1;
    }
}

void event_record(const struct env *env, struct event_about about, const char *type,
                  const char *reason, const char *format, ...)
{
    char message[1024], name[320], now[CLOCK_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    make_utf8(message);

    /* The name says what the event tells, so a repetition finds the first one. */
    uint64_t hash = hash_text(hash_text(HASH_START, reason), message);
    (void)snprintf(name, sizeof(name), "%s.%016" PRIx64, about.name, hash);
    clock_rfc3339(labclock_now_ns(&env->clock), now);

    json_t *event = store_get(env->store, KIND_EVENT, about.ns, name);
    if (!event)
        event = new_event(&about, name, now);
    (void)json_object_set_new(event, "type", json_string(type));
    (void)json_object_set_new(event, "reason", json_string(reason));
    (void)json_object_set_new(event, "message", json_string(message));
    (void)json_object_set_new(event, "lastTimestamp", json_string(now));
    (void)json_object_set_new(event, "count", json_integer(jpath_int(event, "count", 0) + 1));
    if (jpath_int(event, "count", 1) == 1)
        log_info(message, LOG_STR("object", about.name), LOG_STR("reason", reason));
    (void)store_put(env->store, KIND_EVENT, event);
    json_decref(event);
}
