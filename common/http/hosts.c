// SPDX-License-Identifier: MIT
#include "http/hosts.h"

#include "base/buf.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOSTS_MAX_BYTES (64 * KIB)

static int append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

/* "127.3.0.5 queue queue.default" becomes "queue::127.3.0.5:", for any port. */
static int add_hosts_line(struct curl_slist **list, char *line)
{
    char *rest = NULL, entry[512];
    const char *name, *address = strtok_r(line, " \t", &rest);
    int r = 0;

    if (!address || *address == '#')
        return 0;
    while (r == 0 && (name = strtok_r(NULL, " \t", &rest))) {
        (void)snprintf(entry, sizeof(entry), "%s::%s:", name, address);
        r = append(list, entry);
    }
    return r;
}

int hosts_append(struct curl_slist **list)
{
    scoped(buf_done)
    struct buf text = {.max = HOSTS_MAX_BYTES};
    const char *path = getenv("SWELL_HOSTS");
    char *line, *rest = NULL;
    int r = 0;

    if (!path || buf_read_file(&text, path, NULL) < 0 || !text.len)
        return 0;
    for (line = strtok_r(text.data, "\n", &rest); line && r == 0;
         line = strtok_r(NULL, "\n", &rest))
        r = add_hosts_line(list, line);
    return r;
}
