// SPDX-License-Identifier: MIT
/* pem_file: certificates or a key in a file that somebody else keeps, such as cert-manager in a
 * mounted Secret; read again and again, as only its content tells reliably that it changed. One
 * thread. */
#ifndef ADAPTER_SERVING_PEM_FILE_H
#define ADAPTER_SERVING_PEM_FILE_H

#include "base/buf.h"
#include "base/clock.h"

struct err;

#define PEM_FILE_LOOK_NS (2 * NS_PER_S) /* from one look to the next */

struct pem_file {     /* {.path} is ready; pem_file_done releases the rest */
    const char *path; /* borrowed */
    struct buf pem;   /* what it held when it was last read well */
};

/* Looks. 1: the content is new (and at the first time); 0: as it was; a negative errno with a
 * sentence that names the file, when it cannot be read, is empty or too large. */
int pem_file_look(struct pem_file *f, struct err *err);

void pem_file_done(struct pem_file *f); /* wipes it: it may be a key */

#endif
