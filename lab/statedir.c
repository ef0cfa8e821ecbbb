// SPDX-License-Identifier: MIT
#include "lab/statedir.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "swell-lab-";

static const char *parent_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return folder && *folder ? folder : "/tmp";
}

static int remove_one(const char *path, const struct stat *what, int type, struct FTW *where)
{
    (void)what;
    (void)type;
    (void)where;
    (void)remove(path);
    return 0;
}

void statedir_remove(const char *path)
{
    if (*path)
        (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int is_left_behind(const char *name)
{
    char *end;

    if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    long pid = strtol(name + sizeof(prefix) - 1, &end, 10);
    return pid > 0 && *end == '-' && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void remove_left_behind(void)
{
    char path[4096];
    struct stat what;
    DIR *folder = opendir(parent_folder());

    if (!folder)
        return;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        (void)snprintf(path, sizeof(path), "%s/%s", parent_folder(), entry->d_name);
        if (is_left_behind(entry->d_name) && lstat(path, &what) == 0 && S_ISDIR(what.st_mode) &&
            what.st_uid == geteuid())
            statedir_remove(path);
    }
    (void)closedir(folder);
}

int statedir_make(char *path, size_t size, struct err *err)
{
    remove_left_behind();
    int n = snprintf(path, size, "%s/%s%d-XXXXXX", parent_folder(), prefix, (int)getpid());
    if (n < 0 || (size_t)n >= size) {
        path[0] = '\0'; /* what was cut may name a folder of somebody else: nobody may remove it */
        return err_set(err, -ENAMETOOLONG, "TMPDIR is too long");
    }
    if (!mkdtemp(path)) {
        int saved = errno;
        path[0] = '\0';
        return err_errno(err, saved, "cannot make a folder in '%s'", parent_folder());
    }
    return 0;
}
