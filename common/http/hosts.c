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

/* An address with its port, which may be empty; a bare IPv6 address gets its brackets. */
static void add_port(const char *address, char *text, size_t size)
{
    const char *colon = strchr(address, ':');
    bool v6 = colon && *address != '[' && strchr(colon + 1, ':');
    bool port = !v6 && (*address == '[' ? strstr(address, "]:") : colon);

    (void)snprintf(text, size, "%s%s%s%s", v6 ? "[" : "", address, v6 ? "]" : "", port ? "" : ":");
}

static void read_line(char *line, hosts_fn *fn, void *arg)
{
    static const char blank[] = " \t\r";
    char *rest = NULL;

    line[strcspn(line, "#")] = '\0';
    const char *name, *address = strtok_r(line, blank, &rest);
    if (!address)
        return;
    while ((name = strtok_r(NULL, blank, &rest)))
        fn(arg, name, address);
}

void hosts_each(hosts_fn *fn, void *arg)
{
    scoped(buf_done) struct buf text = {.max = HOSTS_MAX_BYTES};
    const char *path = getenv("SWELL_HOSTS");
    char *line, *rest = NULL;

    if (!path || buf_read_file(&text, path, NULL) < 0 || !text.len)
        return;
    for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        read_line(line, fn, arg);
}

/* libcurl's form is NAME:PORT:ADDRESS:PORT, and an empty port is any, or the same one. */
static void add_entry(void *list, const char *name, const char *address)
{
    char entry[512], to[128];

    add_port(address, to, sizeof(to));
    (void)snprintf(entry, sizeof(entry), "%s%s:%s", name, strchr(name, ':') ? "" : ":", to);
    append(list, entry);
}

struct curl_slist *hosts_new(void)
{
    struct curl_slist *list = NULL;

    hosts_each(add_entry, &list);
    return list;
}
