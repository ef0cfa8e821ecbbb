// SPDX-License-Identifier: MIT
#include "http/easy.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_TIMEOUT_NS (5 * NS_PER_S)

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct easy *e = arg;

    if (buf_append(e->body, data, size * count) < 0) {
        e->too_large = true;
        return 0; /* libcurl ends the transfer */
    }
    return size * count;
}

static int append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static int add_headers(struct easy *e, const struct http_call *call)
{
    int r = 0;

    for (size_t i = 0; i < HTTP_CALL_HEADERS_MAX && call->headers[i] && r == 0; i++)
        r = append(&e->headers, call->headers[i]);
    return r == 0 ? append(&e->headers, "Expect:") : r; /* no 100-continue round trip */
}

int easy_prepare(struct easy *e, const struct http_call *call, struct buf *body)
{
    uint64_t timeout_ns = call->timeout_ns ? call->timeout_ns : DEFAULT_TIMEOUT_NS;
    long timeout_ms = (long)((timeout_ns + NS_PER_MS - 1) / NS_PER_MS);

    if (add_headers(e, call) < 0 || (!e->connect_to && hosts_append(&e->connect_to) < 0))
        return -ENOMEM;
    e->body = body;
    e->too_large = false;
    e->reason[0] = '\0';

    curl_easy_setopt(e->curl, CURLOPT_URL, call->url);
    curl_easy_setopt(e->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(e->curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(e->curl, CURLOPT_ERRORBUFFER, e->reason);
    curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, e->headers);
    curl_easy_setopt(e->curl, CURLOPT_CONNECT_TO, e->connect_to);
    curl_easy_setopt(e->curl, CURLOPT_PROXY, ""); /* never a proxy from the environment */
    if (call->ca_file)
        curl_easy_setopt(e->curl, CURLOPT_CAINFO, call->ca_file);
    if (call->body) {
        curl_easy_setopt(e->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
        curl_easy_setopt(e->curl, CURLOPT_POSTFIELDS, call->body);
    }
    if (call->method)
        curl_easy_setopt(e->curl, CURLOPT_CUSTOMREQUEST, call->method);
    return 0;
}

static int code_to_errno(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return ETIMEDOUT;
    case CURLE_COULDNT_CONNECT:
        return ECONNREFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
        return EHOSTUNREACH;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return EINVAL;
    case CURLE_OUT_OF_MEMORY:
        return ENOMEM;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return EPROTO;
    default:
        return EIO;
    }
}

int easy_result(struct easy *e, CURLcode code, int *ret_status, struct err *err)
{
    long status = 0;

    if (e->too_large)
        return err_set(err, -E2BIG, "the answer has more than %zu bytes", e->body->max);
    if (code != CURLE_OK)
        return err_set(err, -code_to_errno(code), "%s",
                       e->reason[0] ? e->reason : curl_easy_strerror(code));

    curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    return 0;
}

void easy_reset(struct easy *e)
{
    curl_easy_reset(e->curl);
    curl_slist_free_all(e->headers);
    e->headers = NULL;
    e->body = NULL;
}
