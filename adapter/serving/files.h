// SPDX-License-Identifier: MIT
/* files: a serving certificate and its key in files. A change counts once both can be read. One
 * thread. */
#ifndef ADAPTER_SERVING_FILES_H
#define ADAPTER_SERVING_FILES_H

#include "adapter/serving/pem_file.h"

#include <stdbool.h>
#include <stdint.h>

struct serving_files { /* {.cert.path, .key.path} is ready; serving_files_done releases the rest */
    struct pem_file cert, key;
    bool changed; /* one of them, since both were last told of */
    uint64_t due_ns;
};

/* Reads them for the first time. A negative errno with a sentence that names the file. */
int serving_files_read(struct serving_files *f, struct err *err);

/* Looks whether they are due and have changed: true when cert and key are new. A file that cannot
 * be read has not changed. Sets *ret_wait_ns to when to look again. */
bool serving_files_changed(struct serving_files *f, uint64_t now_ns, uint64_t *ret_wait_ns);

void serving_files_done(struct serving_files *f);

#endif
