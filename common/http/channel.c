// SPDX-License-Identifier: MIT
#include "http/channel.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/easy.h"
#include "http/hosts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct channel {
    struct easy easy;
    struct buf unused; /* where a body would go */
    struct curl_slist *hosts;
    curl_socket_t socket;
};

void channel_close(struct channel *c)
{
    if (!c)
        return;
    if (c->easy.curl)
        curl_easy_cleanup(c->easy.curl);
    curl_slist_free_all(c->easy.headers);
    curl_slist_free_all(c->hosts);
    free(c);
}

static int connect_to(struct channel *c, const struct http_call *call, struct err *err)
{
    int status;
    int r = easy_prepare(&c->easy, call, c->hosts, &c->unused);

    if (r < 0)
        return err_set(err, r, "%s", easy_refusal(r));
    curl_easy_setopt(c->easy.curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(c->easy.curl, CURLOPT_SSL_ENABLE_ALPN, 0L); /* it is not HTTP */
    r = easy_result(&c->easy, curl_easy_perform(c->easy.curl), &status, err);
    if (r == 0 && (curl_easy_getinfo(c->easy.curl, CURLINFO_ACTIVESOCKET, &c->socket) != CURLE_OK ||
                   c->socket == CURL_SOCKET_BAD))
        r = err_set(err, -EIO, "the connection is gone");
    return r;
}

int channel_open(const struct http_call *call, struct channel **ret, struct err *err)
{
    struct channel *c = calloc(1, sizeof(*c));

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    c->hosts = hosts_new();
    c->easy.curl = curl_easy_init();
    int r = c->easy.curl ? connect_to(c, call, err) : err_set(err, -ENOMEM, "out of memory");
    if (r == 0)
        *ret = c;
    else
        channel_close(c);
    return r;
}

/* Until the socket is ready for what libcurl could not do. */
static int wait_for(const struct channel *c, short events, uint64_t deadline_ns, struct err *err)
{
    struct pollfd fd = {.fd = c->socket, .events = events};
    uint64_t now_ns = clock_mono_ns();
    uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / NS_PER_MS + 1 : 0;

    int r = left_ms ? poll(&fd, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX) : 0;
    if (r < 0 && errno != EINTR)
        return err_errno(err, errno, "poll");
    return r == 0 ? err_set(err, -ETIMEDOUT, "no answer in time") : 0;
}

static int failed(struct channel *c, CURLcode code, struct err *err)
{
    return err_set(err, -EIO, "%s", c->easy.reason[0] ? c->easy.reason : curl_easy_strerror(code));
}

int channel_send(struct channel *c, const char *data, size_t len, uint64_t deadline_ns,
                 struct err *err)
{
    int r = 0;

    while (len > 0 && r == 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(c->easy.curl, data, len, &sent);
        data += sent;
        len -= sent;
        if (code == CURLE_AGAIN)
            r = wait_for(c, POLLOUT, deadline_ns, err);
        else if (code != CURLE_OK)
            r = failed(c, code, err);
    }
    return r;
}

int channel_receive(struct channel *c, char *data, size_t size, uint64_t deadline_ns,
                    size_t *ret_len, struct err *err)
{
    int r = 0;

    while (r == 0) {
        size_t len = 0;
        CURLcode code = curl_easy_recv(c->easy.curl, data, size, &len);
        if (code == CURLE_OK && len == 0)
            return err_set(err, -ECONNRESET, "the server closed the connection");
        if (code == CURLE_OK) {
            *ret_len = len;
            return 0;
        }
        r = code == CURLE_AGAIN ? wait_for(c, POLLIN, deadline_ns, err) : failed(c, code, err);
    }
    return r;
}
