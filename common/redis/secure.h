// SPDX-License-Identifier: MIT
/* secure: Redis' protocol over TLS, which this hiredis does not speak itself: it writes commands
 * and reads replies, http/channel.h carries them. Inside common/redis. One thread. */
#ifndef REDIS_SECURE_H
#define REDIS_SECURE_H

#include "redis/redis.h"

struct secure;

#define SECURE_REPLY_MAX ((size_t)16 * 1024 * 1024)

/* New in *ret. Errors are channel.h's. */
int secure_open(const char *host, unsigned port, const struct redis_tls *tls, uint64_t timeout_ns,
                struct secure **ret, struct err *err);
void secure_close(struct secure *s); /* NULL does nothing */

/* Sends a command and waits for its reply. After an error the connection is of no use any more. */
int secure_call(struct secure *s, int count, const char *const *texts, const size_t *lens,
                uint64_t timeout_ns, redisReply **ret, struct err *err);

#endif
