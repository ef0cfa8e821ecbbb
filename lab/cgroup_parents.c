// SPDX-License-Identifier: MIT
#include "lab/cgroup_parents.h"

#include "base/scoped.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mount {
    char *root, *point; /* borrowed from the line */
};

/* Mount points are written with \040 for a space and the like (proc_pid_mountinfo(5)). */
static void unescape(char *text)
{
    char *out = text;

    for (const char *in = text; *in; out++) {
        unsigned code;
        if (*in == '\\' && sscanf(in + 1, "%3o", &code) == 1 && code < 256) {
            *out = (char)code;
            in += 4;
        } else {
            *out = *in++;
        }
    }
    *out = '\0';
}

static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* "31 23 0:28 ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPEROPTIONS"; cuts the line up. */
static bool read_mount(char *line, const char *controller, struct mount *ret)
{
    char *fields[6], *rest, *save = NULL;
    char *tail = strstr(line, " - ");

    if (!tail)
        return false;
    *tail = '\0';
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!(fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save)))
            return false;

    const char *type = strtok_r(tail + 3, " ", &save);
    const char *source = strtok_r(NULL, " ", &save);
    rest = strtok_r(NULL, " ", &save);
    if (!type || !source || !rest)
        return false;
    if (strcmp(type, controller ? "cgroup" : "cgroup2") != 0 ||
        (controller && !list_has(rest, controller)))
        return false;
    *ret = (struct mount){.root = fields[3], .point = fields[4]};
    unescape(ret->root);
    unescape(ret->point);
    return true;
}

static bool find_mount(char *mountinfo, const char *controller, struct mount *ret)
{
    char *save = NULL;

    for (char *line = strtok_r(mountinfo, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (read_mount(line, controller, ret))
            return true;
    return false;
}

/* "4:cpu,cpuacct:/path" or, in version 2, "0::/path". Returns the path, or NULL. */
static const char *find_own(char *self_cgroup, const char *controller)
{
    char *save = NULL;

    for (char *line = strtok_r(self_cgroup, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *list = strchr(line, ':');
        char *path = list ? strchr(list + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (controller ? list_has(list + 1, controller) : list[1] == '\0')
            return path;
    }
    return NULL;
}

/* A container's mount shows a part of the hierarchy: its root is cut off the front of the own path.
 * NULL when the own group is the mount's root or lies outside of what is mounted. */
static const char *below_root(const char *own, const char *root)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (!own || strncmp(own, root, len) != 0 || own[len] != '/' || own[len + 1] == '\0' ||
        strstr(own, "/../"))
        return NULL;
    return own + len;
}

int cgroup_parents(const char *mountinfo, const char *self_cgroup, const char *controller,
                   char *ret[CGROUP_PARENTS])
{
    scoped(free_at) char *mounts = strdup(mountinfo), *self = strdup(self_cgroup);
    struct mount mount;
    char *found[CGROUP_PARENTS] = {0};
    int n = 0;

    if (!mounts || !self)
        return -ENOMEM;
    if (!find_mount(mounts, controller, &mount))
        return 0;

    const char *own = below_root(find_own(self, controller), mount.root);
    if (own && asprintf(&found[n++], "%s%s", mount.point, own) < 0)
        return -ENOMEM;
    found[n] = strdup(mount.point);
    if (!found[n]) {
        while (n > 0)
            free(found[--n]);
        return -ENOMEM;
    }
    memcpy(ret, found, sizeof(found));
    return n + 1;
}
