// SPDX-License-Identifier: MIT
#include "redis/secure.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_MAX 320
#define PIECE_MAX (16 * KIB)

struct secure {
    struct channel *channel;
    redisReader *reader;
};

void secure_close(struct secure *s)
{
    if (!s)
        return;
    channel_close(s->channel);
    if (s->reader)
        redisReaderFree(s->reader);
    free(s);
}

int secure_open(const char *host, unsigned port, const struct redis_tls *tls, uint64_t timeout_ns,
                struct secure **ret, struct err *err)
{
    char url[URL_MAX];
    const struct http_call call = {.url = url,
                                   .timeout_ns = timeout_ns,
                                   .ca_file = tls->ca_file,
                                   .cert_file = tls->cert_file,
                                   .key_file = tls->key_file,
                                   .insecure_skip_verify = tls->insecure_skip_verify};
    struct secure *s = calloc(1, sizeof(*s));

    if (s)
        s->reader = redisReaderCreate();
    (void)snprintf(url, sizeof(url), "https://%s:%u", host, port);
    int r = s && s->reader ? channel_open(&call, &s->channel, err)
                           : err_set(err, -ENOMEM, "out of memory");
    if (r == 0)
        *ret = s;
    else
        secure_close(s);
    return r;
}

/* The next whole reply. */
static int receive(struct secure *s, uint64_t deadline_ns, redisReply **ret, struct err *err)
{
    char piece[PIECE_MAX];
    size_t len = 0, total = 0;
    void *reply = NULL;

    for (;;) {
        if (redisReaderGetReply(s->reader, &reply) != REDIS_OK)
            return err_set(err, -EPROTO, "%s", s->reader->errstr);
        if (reply)
            break;
        if (total > SECURE_REPLY_MAX)
            return err_set(err, -E2BIG, "a reply of more than %zu bytes", SECURE_REPLY_MAX);
        int r = channel_receive(s->channel, piece, sizeof(piece), deadline_ns, &len, err);
        if (r < 0)
            return r;
        total += len;
        if (redisReaderFeed(s->reader, piece, len) != REDIS_OK)
            return err_set(err, -EPROTO, "%s", s->reader->errstr);
    }
    *ret = reply;
    return 0;
}

int secure_call(struct secure *s, int count, const char *const *texts, const size_t *lens,
                uint64_t timeout_ns, redisReply **ret, struct err *err)
{
    uint64_t deadline_ns = clock_mono_ns() + timeout_ns;
    char *command = NULL;
    int len = redisFormatCommandArgv(&command, count, (const char **)(uintptr_t)texts, lens);

    if (len < 0)
        return err_set(err, -ENOMEM, "out of memory");
    int r = channel_send(s->channel, command, (size_t)len, deadline_ns, err);
    explicit_bzero(command, (size_t)len); /* maybe a password */
    redisFreeCommand(command);
    return r == 0 ? receive(s, deadline_ns, ret, err) : r;
}
