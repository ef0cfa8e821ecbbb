// SPDX-License-Identifier: MIT
/* redis: a connection to a Redis server; the one place that knows how hiredis connects. Only there
 * with SWELL_REDIS.
 *
 * It connects at the first command, and again at the next one after an error. Calls wait, with a
 * limit. No sentence names a credential. One thread. */
#ifndef REDIS_REDIS_H
#define REDIS_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h> /* REDIS_TEXT */

struct err;
struct redis;

/* redis://[[user]:password@]host[:port][/database]. -EINVAL with a sentence. Any thread. */
int redis_check(const char *url, struct err *err);

/* url is right; timeout_ns is for connecting and for each command. NULL when out of memory. */
struct redis *redis_new(const char *url, uint64_t timeout_ns);
void redis_free(struct redis *r);

struct redis_tls { /* as http/client.h has them; the texts live as long as the connection */
    const char *ca_file, *cert_file, *key_file;
    bool insecure_skip_verify;
};

/* From the next connection on it is over TLS. */
void redis_set_tls(struct redis *r, const struct redis_tls *tls);

/* The same limit from now on, for a caller that has less and less time. */
void redis_set_timeout(struct redis *r, uint64_t timeout_ns);

#define REDIS_ARGS_MAX 16

struct redis_text { /* data NULL ends a command */
    const char *data;
    size_t len;
};

/* Sends the command and waits for its reply, wait_ns longer than other commands may take.
 * *ret_reply is released with freeReplyObject. -ETIMEDOUT, -ECONNREFUSED and such, -EIO;
 * -EREMOTEIO with what the server says when it answers an error, after which the connection goes
 * on. */
int redis_call(struct redis *r, const struct redis_text *command, uint64_t wait_ns,
               redisReply **ret_reply, struct err *err);

#define REDIS_TEXT(text) ((struct redis_text){(text), strlen(text)})
#define REDIS_COMMAND(...) ((const struct redis_text[]){__VA_ARGS__, {NULL, 0}})

/* "host:port", for logs. Borrowed. */
const char *redis_shown_as(const struct redis *r);

#endif
