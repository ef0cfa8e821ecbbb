// SPDX-License-Identifier: MIT
/* Decision records from a stranger's file: what is read can be told in every way; what is refused
 * has a message. */
#include "base/err.h"
#include "lab/why/diff.h"
#include "lab/why/table.h"
#include "lab/why/tell.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell_all(const struct runs *runs, FILE *out)
{
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->all[i];
        tell_run(run, out);
        table_run(run, out);
        diff_runs(run, "a", &runs->all[0], "b", out);
        for (size_t k = 0; k < run->count && k < 4; k++) {
            tell_step(run, &run->steps[k], out);
            table_step(run, &run->steps[k], out);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct runs runs = {0};
    struct err err = {0};
    char *text = calloc(1, size + 1);
    FILE *out = fopen("/dev/null", "w");

    if (!text || !out)
        abort();
    memcpy(text, data, size);
    if (runs_parse("f", text, size, &runs, &err) == 0)
        tell_all(&runs, out);
    else if (strncmp(err.text, "'f'", 3) != 0)
        abort();
    runs_done(&runs);
    (void)fclose(out);
    free(text);
    return 0;
}
