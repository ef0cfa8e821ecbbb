// SPDX-License-Identifier: MIT
#include "http/hosts.h"

#include "base/buf.h"
#include "base/scoped.h"

#include <stdio.h>
#include <string.h>

#define HOSTS_MAX_BYTES (64 * KIB)

static void append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (longer)
        *list = longer;
}

/* libcurl's form is NAME:PORT:ADDRESS:PORT, and an empty port is any, or the same one. */
static void add_line(struct curl_slist **list, char *line)
{
    char *rest = NULL, entry[512];
    const char *name, *address = strtok_r(line, " \t", &rest);

    if (!address || *address == '#')
        return;
    while ((name = strtok_r(NULL, " \t", &rest))) {
        (void)snprintf(entry, sizeof(entry), "%s%s:%s%s", name, strchr(name, ':') ? "" : ":",
                       address, strchr(address, ':') ? "" : ":");
        append(list, entry);
    }
}

struct curl_slist *hosts_new(void)
{
    scoped(buf_done)
    struct buf text = {.max = HOSTS_MAX_BYTES};
    struct curl_slist *list = NULL;
    const char *path = getenv("SWELL_HOSTS");
    char *line, *rest = NULL;

    if (!path || buf_read_file(&text, path, NULL) < 0 || !text.len)
        return NULL;
    for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        add_line(&list, line);
    return list;
}
