// SPDX-License-Identifier: MIT
/* Replays a corpus folder through a fuzz target, so that gcc builds and CTest run it too. */
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
    scoped(buf_done) struct buf content = {.max = 16 * MIB};
    char path[4096];
    struct err err = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (buf_read_file(&content, path, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)(content.data ? content.data : ""), content.len);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int count = 0, failed = 0;

    if (!folder) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        failed |= replay_file(argv[1], entry->d_name);
        count++;
    }
    (void)closedir(folder);
    (void)printf("%d inputs\n", count);
    return failed || count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
