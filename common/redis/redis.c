// SPDX-License-Identifier: MIT
#include "redis/redis.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "redis/secure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define PART_MAX 256

struct address {
    char host[PART_MAX], user[PART_MAX], password[PART_MAX];
    uint64_t port, database;
};

struct redis {
    struct address address;
    char shown_as[PART_MAX + 8];
    uint64_t timeout_ns;
    bool has_tls;
    struct redis_tls tls;
    redisContext *context; /* both NULL: not connected */
    struct secure *secure; /* instead of context */
};

/* ---- address ---- */

static bool copy_part(char to[PART_MAX], const char *from, size_t len)
{
    if (len >= PART_MAX)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* "[user]:password", up to at. */
static bool read_credentials(struct address *a, const char *text, const char *at)
{
    const char *colon = memchr(text, ':', (size_t)(at - text));

    return colon && copy_part(a->user, text, (size_t)(colon - text)) &&
           copy_part(a->password, colon + 1, (size_t)(at - colon - 1));
}

static bool read_port_and_database(struct address *a, const char *text)
{
    char port[8] = "6379";
    size_t len = strcspn(text, "/");

    if (text[0] == ':') {
        if (len < 2 || len > 6)
            return false;
        memcpy(port, text + 1, len - 1);
        port[len - 1] = '\0';
    } else if (len > 0) {
        return false;
    }
    if (parse_u64(port, 1, 65535, &a->port) < 0)
        return false;
    text += len;
    return text[0] == '\0' || text[1] == '\0' || parse_u64(text + 1, 0, 1000000, &a->database) == 0;
}

static bool read_address(const char *url, struct address *ret)
{
    struct address a = {0};

    if (strncmp(url, "redis://", 8) != 0)
        return false;
    url += 8;
    const char *at = strrchr(url, '@');
    if (at && !read_credentials(&a, url, at))
        return false;
    url = at ? at + 1 : url;
    size_t len = strcspn(url, ":/");
    if (len == 0 || !copy_part(a.host, url, len) || !read_port_and_database(&a, url + len))
        return false;
    *ret = a;
    return true;
}

int redis_check(const char *url, struct err *err)
{
    struct address a;

    if (read_address(url, &a))
        return 0;
    return err_set(err, -EINVAL,
                   "a Redis address is redis://[[user]:password@]host[:port][/database]");
}

/* ---- connection ---- */

struct redis *redis_new(const char *url, uint64_t timeout_ns)
{
    struct redis *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->timeout_ns = timeout_ns;
    if (!read_address(url, &r->address)) {
        free(r);
        return NULL;
    }
    (void)snprintf(r->shown_as, sizeof(r->shown_as), "%s:%d", r->address.host,
                   (int)r->address.port);
    return r;
}

static void disconnect(struct redis *r)
{
    if (r->context)
        redisFree(r->context);
    r->context = NULL;
    secure_close(r->secure);
    r->secure = NULL;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    disconnect(r);
    free(r);
}

void redis_set_tls(struct redis *r, const struct redis_tls *tls)
{
    r->has_tls = true;
    r->tls = *tls;
}

void redis_set_timeout(struct redis *r, uint64_t timeout_ns)
{
    r->timeout_ns = timeout_ns;
}

const char *redis_shown_as(const struct redis *r)
{
    return r->shown_as;
}

static struct timeval timeval_of(uint64_t ns)
{
    return (struct timeval){.tv_sec = (time_t)(ns / NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % NS_PER_S / NS_PER_US)};
}

/* What the connection failed with. errno is that of the failing call, which hiredis leaves. */
static int connection_error(struct redis *r, int errno_value, struct err *err)
{
    int code = -EIO;

    if (!r->context)
        return err_set(err, -ENOMEM, "out of memory");
    if (r->context->err == REDIS_ERR_IO && errno_value)
        code = errno_value == EAGAIN ? -ETIMEDOUT : -errno_value;
    (void)err_set(err, code, "%s: %s", r->shown_as,
                  code == -ETIMEDOUT ? "no answer in time" : r->context->errstr);
    disconnect(r);
    return code;
}

static int call_plainly(struct redis *r, int count, const char **texts, const size_t *lens,
                        uint64_t timeout_ns, redisReply **ret, struct err *err)
{
    errno = 0;
    if (redisSetTimeout(r->context, timeval_of(timeout_ns)) != REDIS_OK)
        return connection_error(r, errno, err);
    *ret = redisCommandArgv(r->context, count, texts, lens);
    return *ret ? 0 : connection_error(r, errno, err);
}

static int call_securely(struct redis *r, int count, const char **texts, const size_t *lens,
                         uint64_t timeout_ns, redisReply **ret, struct err *err)
{
    int code = secure_call(r->secure, count, texts, lens, timeout_ns, ret, err);

    if (code < 0)
        disconnect(r);
    return code < 0 ? err_wrap(err, code, "%s", r->shown_as) : 0;
}

static int send_and_receive(struct redis *r, const struct redis_text *command, uint64_t wait_ns,
                            redisReply **ret, struct err *err)
{
    const char *texts[REDIS_ARGS_MAX];
    size_t lens[REDIS_ARGS_MAX];
    redisReply *reply = NULL;
    int count = 0;

    for (; count < REDIS_ARGS_MAX && command[count].data; count++) {
        texts[count] = command[count].data;
        lens[count] = command[count].len;
    }
    int code = (r->secure ? call_securely : call_plainly)(r, count, texts, lens,
                                                          r->timeout_ns + wait_ns, &reply, err);
    if (code < 0)
        return code;
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)err_set(err, -EREMOTEIO, "%s: %s", r->shown_as, reply->str);
        freeReplyObject(reply);
        return -EREMOTEIO;
    }
    *ret = reply;
    return 0;
}

/* For a command whose answer is OK. */
static int introduce(struct redis *r, const struct redis_text *command, struct err *err)
{
    redisReply *reply = NULL;
    int code = send_and_receive(r, command, 0, &reply, err);

    if (code == -EREMOTEIO)
        disconnect(r);
    if (code == 0)
        freeReplyObject(reply);
    return code;
}

static int open_connection(struct redis *r, struct err *err)
{
    const struct address *a = &r->address;

    if (r->has_tls) {
        int code = secure_open(a->host, (unsigned)a->port, &r->tls, r->timeout_ns, &r->secure, err);
        return code < 0 ? err_wrap(err, code, "%s", r->shown_as) : 0;
    }
    errno = 0;
    r->context = redisConnectWithTimeout(a->host, (int)a->port, timeval_of(r->timeout_ns));
    return r->context && !r->context->err ? 0 : connection_error(r, errno, err);
}

static int connect_to(struct redis *r, struct err *err)
{
    const struct address *a = &r->address;
    char database[24];
    int code = open_connection(r, err);

    if (code < 0)
        return code;
    if (a->password[0] && a->user[0])
        code = introduce(
            r, REDIS_COMMAND(REDIS_TEXT("AUTH"), REDIS_TEXT(a->user), REDIS_TEXT(a->password)),
            err);
    else if (a->password[0])
        code = introduce(r, REDIS_COMMAND(REDIS_TEXT("AUTH"), REDIS_TEXT(a->password)), err);
    if (code == 0 && a->database) {
        (void)snprintf(database, sizeof(database), "%d", (int)a->database);
        code = introduce(r, REDIS_COMMAND(REDIS_TEXT("SELECT"), REDIS_TEXT(database)), err);
    }
    return code;
}

int redis_call(struct redis *r, const struct redis_text *command, uint64_t wait_ns,
               redisReply **ret_reply, struct err *err)
{
    int code = r->context || r->secure ? 0 : connect_to(r, err);

    return code < 0 ? code : send_and_receive(r, command, wait_ns, ret_reply, err);
}
