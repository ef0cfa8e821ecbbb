// SPDX-License-Identifier: MIT
#include "http/hosts.h"

#include "base/buf.h"
#include "base/scoped.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HOSTS_MAX_BYTES (64 * KIB)

static void append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (longer)
        *list = longer;
}

/* "127.3.0.5:80" and "[::1]:80" have a port, "127.3.0.5" and "::1" have none. */
static bool has_port(const char *address)
{
    const char *colon = strchr(address, ':');

    return address[0] == '[' || (colon && !strchr(colon + 1, ':'));
}

/* libcurl's form is NAME:PORT:ADDRESS:PORT; an empty port is any, or the same one, and an IPv6
 * address stands in brackets. */
static void add_line(struct curl_slist **list, char *line)
{
    char *rest = NULL, entry[512];

    line[strcspn(line, "#")] = '\0';
    const char *name, *address = strtok_r(line, " \t\r", &rest);
    if (!address)
        return;
    bool with_port = has_port(address), bare_ipv6 = !with_port && strchr(address, ':');
    while ((name = strtok_r(NULL, " \t\r", &rest))) {
        const char *any_port = strchr(name, ':') ? "" : ":";
        int n = snprintf(entry, sizeof(entry), "%s%s:%s%s%s%s", name, any_port,
                         bare_ipv6 ? "[" : "", address, bare_ipv6 ? "]" : "", with_port ? "" : ":");
        if (n < (int)sizeof(entry))
            append(list, entry);
    }
}

struct curl_slist *hosts_new(void)
{
    scoped(buf_done) struct buf text = {.max = HOSTS_MAX_BYTES};
    struct curl_slist *list = NULL;
    const char *path = getenv("SWELL_HOSTS");
    char *line, *rest = NULL;

    if (!path || buf_read_file(&text, path, NULL) < 0 || !text.len)
        return NULL;
    for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        add_line(&list, line);
    return list;
}
