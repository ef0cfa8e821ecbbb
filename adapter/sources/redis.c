// SPDX-License-Identifier: MIT
#include "adapter/sources/redis.h"

#include "adapter/sources/secret.h"
#include "adapter/sources/tls_files.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "redis/redis.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX_BYTES 255
#define NAME_MAX_BYTES 1024
#define URL_MAX_BYTES (SECRET_MAX_BYTES + 2 * KIB)
#define DATABASE_MAX 1000000

enum counting { COUNT_LENGTH, COUNT_PENDING, COUNT_LAG };
static const char *const counting_names[] = {"length", "pending", "lag", NULL};

struct redis_source {
    char *address, *username;
    struct secret password;
    bool has_tls;
    struct tls_files tls;
    int64_t database;
    char *key; /* or the stream */
    char *group;
    bool stream;
    enum counting counting;
};

struct memory {
    struct redis *connection;
    char *url; /* with which it was made */
};

static void done(void *settings)
{
    struct redis_source *r = settings;

    if (!r)
        return;
    free(r->address);
    free(r->username);
    secret_done(&r->password);
    tls_files_done(&r->tls);
    free(r->key);
    free(r->group);
    free(r);
}

static void memory_done(void *memory)
{
    struct memory *m = memory;

    redis_free(m->connection);
    free(m->url);
}

/* ---- configuration ---- */

static int read_address(const struct strict *s, const json_t *mapping, const char *path,
                        struct redis_source *r)
{
    const json_t *password = json_object_get(mapping, "password");
    char at[STRICT_PATH_MAX], url[ADDRESS_MAX_BYTES + 16];
    int result = strict_copy(s, mapping, path, "address", ADDRESS_MAX_BYTES, &r->address);

    if (result < 0)
        return result;
    (void)snprintf(url, sizeof(url), "redis://%s", r->address);
    if (strpbrk(r->address, "@/") || redis_check(url, NULL) < 0)
        return strict_refuse(s, strict_path(at, path, "address"),
                             "%s takes an address such as redis:6379", at);
    result = strict_copy(s, mapping, path, "username", ADDRESS_MAX_BYTES, &r->username);
    if (result == 0 && r->username && (!password || strpbrk(r->username, ":@")))
        return strict_refuse(s, strict_path(at, path, "username"),
                             "%s needs a password, and has no colon and no @", at);
    if (result == 0 && password)
        result = secret_read_config(s, password, strict_path(at, path, "password"), &r->password);
    r->has_tls = json_object_get(mapping, "tls");
    if (result == 0)
        result = tls_files_read_config(s, mapping, path, &r->tls);
    return result == 0 ? strict_int(s, mapping, path, "database", 0, DATABASE_MAX, &r->database)
                       : result;
}

static int read_counting(const struct strict *s, const json_t *mapping, const char *path,
                         struct redis_source *r)
{
    int counting = r->group ? COUNT_PENDING : COUNT_LENGTH;
    char at[STRICT_PATH_MAX];

    strict_path(at, path, "count");
    if (json_object_get(mapping, "count") && !r->stream)
        return strict_refuse(s, at, "%s takes length, pending or lag, of a stream", at);
    int result = strict_choice(s, mapping, path, "count", counting_names, &counting);
    if (result < 0)
        return result;
    r->counting = (enum counting)counting;
    if ((r->counting == COUNT_LENGTH) == (r->group != NULL))
        return strict_refuse(s, at, "%s: pending and lag need a group, and length has none", at);
    return 0;
}

static int read_key(const struct strict *s, const json_t *mapping, const char *path,
                    struct redis_source *r)
{
    char *stream = NULL, at[STRICT_PATH_MAX];
    int result = strict_copy(s, mapping, path, "key", NAME_MAX_BYTES, &r->key);

    if (result == 0)
        result = strict_copy(s, mapping, path, "stream", NAME_MAX_BYTES, &stream);
    if (result == 0 && !stream == !r->key)
        result = strict_refuse(s, path, "%s takes either key or stream", path);
    if (result < 0) {
        free(stream);
        return result;
    }
    r->stream = stream;
    r->key = r->stream ? stream : r->key;
    result = strict_copy(s, mapping, path, "group", NAME_MAX_BYTES, &r->group);
    if (result == 0 && r->group && !r->stream)
        return strict_refuse(s, strict_path(at, path, "group"), "%s is one of a stream", at);
    return result == 0 ? read_counting(s, mapping, path, r) : result;
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {{"address", true},
                                                   {"database", false},
                                                   {"username", false},
                                                   {"password", false},
                                                   {"tls", false},
                                                   {"key", false},
                                                   {"stream", false},
                                                   {"group", false},
                                                   {"count", false},
                                                   {"timeout", false},
                                                   {0}};
    struct redis_source *r = ret->settings = calloc(1, sizeof(*r));

    if (!r)
        return err_set(s->err, -ENOMEM, "out of memory");
    int result = strict_mapping(s, mapping, path, members);
    if (result == 0)
        result = read_address(s, mapping, path, r);
    if (result == 0)
        result = read_key(s, mapping, path, r);
    if (result == 0)
        result = source_read_timeout(s, mapping, path, ret);
    if (result < 0)
        return result;
    if (asprintf(&ret->shown_as, "Redis at %s", r->address) < 0)
        ret->shown_as = NULL;
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

/* ---- the connection ---- */

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "cannot be asked: out of memory");
}

static char *make_url(const struct redis_source *r, const char *password)
{
    struct buf url = {.max = URL_MAX_BYTES};
    int result = buf_puts(&url, "redis://");

    if (result == 0 && password)
        result = buf_printf(&url, "%s:%s@", r->username ? r->username : "", password);
    if (result == 0)
        result = buf_printf(&url, "%s/%" PRId64, r->address, r->database);
    char *text = result == 0 ? buf_take(&url, NULL) : NULL;
    buf_done(&url);
    return text;
}

/* A connection with the password of now: another one when it was renewed. */
static int connect_to(const struct source *s, struct memory *m, struct err *err)
{
    const struct redis_source *r = s->settings;
    scoped(free_at) char *password = NULL;
    int result = secret_is_set(&r->password) ? secret_get(&r->password, &password, err) : 0;

    if (result < 0)
        return result;
    char *url = make_url(r, password);
    if (!url)
        return no_memory(err);
    if (m->url && strcmp(m->url, url) == 0) {
        free(url);
        return 0;
    }
    memory_done(m);
    *m = (struct memory){redis_new(url, s->timeout_ns), url};
    if (m->connection && r->has_tls)
        redis_set_tls(m->connection, &(struct redis_tls){r->tls.ca, r->tls.cert, r->tls.key,
                                                         r->tls.insecure_skip_verify});
    if (m->connection)
        return 0;
    if (redis_check(url, NULL) < 0)
        result = err_set(err, -EINVAL, "cannot be asked: its password is too long");
    else
        result = no_memory(err);
    free(url);
    m->url = NULL;
    return result;
}

/* ---- asking ---- */

struct session {
    const struct source *source;
    struct redis *connection;
    uint64_t deadline_ns;
};

static bool is_of_cluster(const char *word, size_t len)
{
    static const char *const words[] = {"MOVED", "ASK", "CLUSTERDOWN"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
            return true;
    return false;
}

/* Redis' errors begin with a word that says which: "NOAUTH Authentication required.". Only that is
 * repeated. */
static int explain(const struct session *x, int code, const struct err *report, struct err *err)
{
    const char *text = strstr(report->text, ": ");
    size_t len = 0;

    if (code != -EREMOTEIO)
        return source_explain_transport(x->source, code, report, err);
    text = text ? text + 2 : "";
    while (isupper((unsigned char)text[len]) || text[len] == '_')
        len++;
    return err_set(
        err, -EBADMSG, "answers the error %.*s%s", (int)(len ? len : 3), len ? text : "ERR",
        is_of_cluster(text, len) ? ": it is of a cluster, and clusters are not read" : "");
}

/* The reply to a command; with the error in code -EREMOTEIO err is *report's. */
static int call(const struct session *x, const struct redis_text *command, redisReply **ret,
                struct err *report)
{
    uint64_t now_ns = clock_mono_ns();

    if (now_ns >= x->deadline_ns)
        return err_set(report, -ETIMEDOUT, "no answer in time");
    redis_set_timeout(x->connection, x->deadline_ns - now_ns);
    return redis_call(x->connection, command, 0, ret, report);
}

static int call_number(const struct session *x, const struct redis_text *command, int64_t *ret,
                       struct err *err)
{
    redisReply *reply = NULL;
    struct err report = {0};
    int r = call(x, command, &reply, &report);

    if (r < 0)
        return explain(x, r, &report, err);
    if (reply->type == REDIS_REPLY_INTEGER)
        *ret = reply->integer;
    else
        r = err_set(err, -ENOMSG, "answers what is no number");
    freeReplyObject(reply);
    return r;
}

/* TYPE and a length, not one script: that needs no right to run scripts. */
static int ask_key(const struct session *x, const struct redis_source *r, int64_t *ret,
                   struct err *err)
{
    static const struct {
        const char *type, *command;
    } lengths[] = {{"list", "LLEN"}, {"set", "SCARD"}, {"zset", "ZCARD"}, {"hash", "HLEN"}};
    redisReply *reply = NULL;
    struct err report = {0};
    char type[32];

    int result = call(x, REDIS_COMMAND(REDIS_TEXT("TYPE"), REDIS_TEXT(r->key)), &reply, &report);
    if (result < 0)
        return explain(x, result, &report, err);
    (void)snprintf(type, sizeof(type), "%s",
                   reply->type == REDIS_REPLY_STATUS ? reply->str : "unknown");
    freeReplyObject(reply);
    *ret = 0;
    if (strcmp(type, "none") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        if (strcmp(type, lengths[i].type) == 0)
            return call_number(x, REDIS_COMMAND(REDIS_TEXT(lengths[i].command), REDIS_TEXT(r->key)),
                               ret, err);
    return err_set(err, -ENOMSG, "has a key '%.200s' that is no list, set, sorted set or hash",
                   r->key);
}

static int ask_pending(const struct session *x, const struct redis_source *r, int64_t *ret,
                       struct err *err)
{
    redisReply *reply = NULL;
    struct err report = {0};
    int result =
        call(x, REDIS_COMMAND(REDIS_TEXT("XPENDING"), REDIS_TEXT(r->key), REDIS_TEXT(r->group)),
             &reply, &report);

    if (result < 0)
        return explain(x, result, &report, err);
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
        reply->element[0]->type == REDIS_REPLY_INTEGER)
        *ret = reply->element[0]->integer;
    else
        result = err_set(err, -ENOMSG, "answers what is no number");
    freeReplyObject(reply);
    return result;
}

/* The value behind a name in a flat list of both; NULL when it is not there. */
static const redisReply *field(const redisReply *map, const char *name)
{
    if (map->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < map->elements; i += 2)
        if (map->element[i]->str && strcmp(map->element[i]->str, name) == 0)
            return map->element[i + 1];
    return NULL;
}

static const redisReply *find_group(const redisReply *groups, const char *group)
{
    for (size_t i = 0; groups->type == REDIS_REPLY_ARRAY && i < groups->elements; i++) {
        const redisReply *name = field(groups->element[i], "name");
        if (name && name->str && strcmp(name->str, group) == 0)
            return groups->element[i];
    }
    return NULL;
}

static int read_lag(const struct redis_source *r, const redisReply *group, int64_t *ret,
                    struct err *err)
{
    const redisReply *lag = field(group, "lag");

    if (lag && lag->type == REDIS_REPLY_INTEGER) {
        *ret = lag->integer;
        return 0;
    }
    return err_set(err, -ENOMSG,
                   lag ? "cannot tell the lag of group '%.200s': entries were deleted"
                       : "is too old to tell the lag of group '%.200s'",
                   r->group);
}

static int ask_length(const struct session *x, const struct redis_source *r, int64_t *ret,
                      struct err *err)
{
    return call_number(x, REDIS_COMMAND(REDIS_TEXT("XLEN"), REDIS_TEXT(r->key)), ret, err);
}

static int ask_lag(const struct session *x, const struct redis_source *r, int64_t *ret,
                   struct err *err)
{
    redisReply *reply = NULL;
    struct err report = {0};
    int result =
        call(x, REDIS_COMMAND(REDIS_TEXT("XINFO"), REDIS_TEXT("GROUPS"), REDIS_TEXT(r->key)),
             &reply, &report);

    if (result == -EREMOTEIO && strstr(report.text, "no such key")) {
        *ret = 0;
        return 0;
    }
    if (result < 0)
        return explain(x, result, &report, err);
    const redisReply *group = find_group(reply, r->group);
    result = group ? read_lag(r, group, ret, err) : ask_length(x, r, ret, err);
    freeReplyObject(reply);
    return result;
}

static int ask(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err)
{
    const struct redis_source *r = s->settings;
    struct memory *m = p->memory;
    struct sample sample = {0};
    int64_t count = 0;
    int result = connect_to(s, m, err);

    if (result < 0)
        return result;
    const struct session x = {s, m->connection, clock_mono_ns() + s->timeout_ns};
    if (!r->stream)
        result = ask_key(&x, r, &count, err);
    else if (r->counting == COUNT_LENGTH)
        result = ask_length(&x, r, &count, err);
    else
        result = r->counting == COUNT_LAG ? ask_lag(&x, r, &count, err)
                                          : ask_pending(&x, r, &count, err);
    if (result < 0)
        return result;
    sample_set_number(&sample, (double)count);
    return samples_add(ret, &sample) == 0 ? 0 : no_memory(err);
}

static void help(FILE *out)
{
    (void)fputs(
        "      redis:                  the length of a key, or of a stream what counts\n"
        "        address: redis:6379\n"
        "        database: 0\n"
        "        username: reader      with password; default: Redis' own user\n"
        "        password: {file: /etc/redis/password}     or {env: NAME}\n"
        "        tls: {caFile: ca.pem, certFile: tls.crt, keyFile: tls.key,\n"
        "              insecureSkipVerify: true}     tls: {} uses the system's CAs\n"
        "        key: jobs             a list, set, sorted set or hash\n"
        "        stream: orders        instead of key\n"
        "        group: workers        of the stream\n"
        "        count: lag            length, pending, lag; default length, or pending with\n"
        "                              a group\n"
        "        timeout: 2s           10ms to 1m; default 2s\n",
        out);
}

const struct source_kind redis_kind = {
    .name = "redis",
    .read_config = read_config,
    .done = done,
    .ask = ask,
    .memory_size = sizeof(struct memory),
    .memory_done = memory_done,
    .help = help,
};
