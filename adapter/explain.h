// SPDX-License-Identifier: MIT
/* explain: asks a source once, here and now, and shows the answers on their way. One thread. */
#ifndef ADAPTER_EXPLAIN_H
#define ADAPTER_EXPLAIN_H

#include "adapter/source.h"
#include "http/client.h"

/* Every HTTP answer that is read in between. */
typedef void explain_answer_fn(void *arg, int status, const struct buf *body);

/* New samples in *ret; errors as in source.h. on_answer may be NULL. */
int explain_ask(struct http_client *http, const struct source *source, explain_answer_fn *on_answer,
                void *arg, struct samples **ret, struct err *err);

#endif
