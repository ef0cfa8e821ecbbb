// SPDX-License-Identifier: MIT
/* form: the body of a form post, application/x-www-form-urlencoded.
 *
 * Source: the WHATWG URL standard, section 5; refusals in the words of Go's net/url, which
 * resource-consumer answers with. One thread. */
#ifndef WORKLOAD_FORM_H
#define WORKLOAD_FORM_H

#include "http/server.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

#define FORM_FIELDS_MAX 32

struct form {                                 /* {0} is an empty one */
    struct http_pair fields[FORM_FIELDS_MAX]; /* decoded, in the order sent, repeats kept */
    size_t count;
    char *text; /* what fields point into */
};

/* Reads body (it may hold any bytes). -EINVAL with a sentence when an escape is broken, a NUL or a
 * ';' is in it; -E2BIG beyond FORM_FIELDS_MAX; -ENOMEM. On failure *ret is empty. */
int form_parse(const char *body, size_t len, struct form *ret, struct err *err);
void form_done(struct form *f);

/* True when the request says that its body is a form. */
bool form_is_one(const struct http_request *r);

/* Appends text as a value of a form. 0, -E2BIG or -ENOMEM. */
struct buf;
int form_encode(struct buf *out, const char *text);

#endif
