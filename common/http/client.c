// SPDX-License-Identifier: MIT
#include "http/client.h"

#include "base/err.h"
#include "http/easy.h"
#include "http/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct http_client {
    struct easy easy;
    struct curl_slist *hosts;
};

int http_client_setup(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOSYS;
}

void http_client_teardown(void)
{
    curl_global_cleanup();
}

struct http_client *http_client_new(void)
{
    struct http_client *c = calloc(1, sizeof(*c));

    if (c)
        c->easy.curl = curl_easy_init();
    if (!c || !c->easy.curl) {
        free(c);
        return NULL;
    }
    c->hosts = hosts_new();
    return c;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy.curl);
    curl_slist_free_all(c->easy.headers);
    curl_slist_free_all(c->hosts);
    free(c);
}

int http_client_call(struct http_client *c, const struct http_call *call, struct buf *ret_body,
                     int *ret_status, struct err *err)
{
    int r = easy_prepare(&c->easy, call, c->hosts, ret_body);

    if (r < 0)
        r = err_set(err, r, "%s", easy_refusal(r));
    else
        r = easy_result(&c->easy, curl_easy_perform(c->easy.curl), ret_status, err);
    easy_reset(&c->easy);
    return r;
}

int http_client_get(struct http_client *c, const char *url, uint64_t timeout_ns,
                    struct buf *ret_body, struct err *err)
{
    const struct http_call call = {.url = url, .timeout_ns = timeout_ns};
    size_t before = ret_body->len;
    int status;
    int r = http_client_call(c, &call, ret_body, &status, err);

    if (r < 0)
        return r;
    if (status >= 200 && status < 300)
        return 0;

    const char *text = ret_body->data ? ret_body->data + before : "";
    return err_set(err, -EBADMSG, "answers %d: %.*s", status, (int)strcspn(text, "\r\n"), text);
}
