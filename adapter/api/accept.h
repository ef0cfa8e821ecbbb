// SPDX-License-Identifier: MIT
/* accept: which of our forms of an answer a client wants. There is JSON, and for discovery JSON
 * documents of another kind, told by the parameters as, g and v of the media type. Protobuf, CBOR
 * and tables are skipped over to what the client names after them.
 *
 * Source: RFC 9110 section 12.5.1, and Kubernetes' "as", "g" and "v" parameters. Any thread. */
#ifndef ADAPTER_API_ACCEPT_H
#define ADAPTER_API_ACCEPT_H

#include "http/server.h"

#include <stdbool.h>

struct accept_form {
    const char *as, *g, *v; /* NULL: plain JSON */
};

/* The form that the client likes best: the highest q, then the first named. False when it takes
 * none of them. No Accept header means forms[0]. */
bool accept_choose(const struct http_request *r, const struct accept_form *forms, size_t count,
                   size_t *ret);

/* Plain JSON, the only form of most answers. */
bool accept_json(const struct http_request *r);

struct http_reply accept_refusal(void); /* 406, which names what there is */

#endif
