// SPDX-License-Identifier: MIT
/* reload: reads a file again when its content changes.
 *
 * The file is read by its path once a second and compared. That sees every way in which a file
 * changes, also the kubelet's (a mounted ConfigMap's file is a link through ..data, which is
 * swapped for another folder), and works on network file systems, where notifications do not. */
#ifndef BASE_RELOAD_H
#define BASE_RELOAD_H

#include <stddef.h>

struct err;
struct reload;

/* Takes over a content, or refuses it with a sentence that names the file, and changes nothing. Called by reload_new,
 * and then on the thread of reload. */
typedef int reload_apply_fn(void *arg, const char *text, size_t len, struct err *err);

/* Reads and applies the file, then watches it until reload_free. A negative errno with a sentence
 * that names the file when it cannot be read, is longer than max_bytes, or is refused. Later on
 * that is logged, once for each content, and what was applied last stays. */
int reload_new(struct reload **ret, const char *path, size_t max_bytes, reload_apply_fn *apply,
               void *arg, struct err *err);
void reload_free(struct reload *r);

#endif
