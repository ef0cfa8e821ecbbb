// SPDX-License-Identifier: MIT
#include "http/easy.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_TIMEOUT_NS (5 * NS_PER_S)
#define CONNECT_MAX_MS 30000L /* some calls last for minutes; no connect should */
#define BUFFER_BYTES 4096L    /* each request has one; 16 KiB unless told */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct easy *e = arg;
    long status = 0;

    curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status);
    if (e->on_data && status / 100 == 2)
        e->body_result = e->on_data(e->on_data_arg, data, size * count);
    else
        e->body_result = buf_append(e->body, data, size * count);
    return e->body_result < 0 ? 0 : size * count; /* less than all ends the transfer */
}

static int append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

/* A line break in a token would begin a header of its own. */
static int add_bearer(struct easy *e, const char *token)
{
    scoped(free_at) char *line = NULL;

    for (const char *c = token; *c; c++)
        if (*c <= ' ' || *c > '~')
            return -EINVAL;
    if (asprintf(&line, "Authorization: Bearer %s", token) < 0)
        return -ENOMEM;
    int r = append(&e->headers, line);
    explicit_bzero(line, strlen(line));
    return r;
}

static int add_headers(struct easy *e, const struct http_call *call)
{
    int r = 0;

    for (size_t i = 0; i < HTTP_CALL_HEADERS_MAX && call->headers[i] && r == 0; i++)
        r = append(&e->headers, call->headers[i]);
    if (r == 0 && call->bearer)
        r = add_bearer(e, call->bearer);
    return r == 0 ? append(&e->headers, "Expect:") : r; /* no 100-continue round trip */
}

/* Close-on-exec, which libcurl does not do: the lab starts processes. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    (void)arg;
    (void)purpose;
    return socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

static long whole_ms(uint64_t ns)
{
    uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);

    return ms < INT32_MAX ? (long)ms : INT32_MAX;
}

/* CUSTOMREQUEST only changes the word that is sent: libcurl must also know that no body follows the
 * answer to HEAD, and that a POST without a body still announces its length (RFC 9110, 8.6). */
static int set_method_and_body(CURL *curl, const struct http_call *call)
{
    const char *method = call->method ? call->method : "GET";
    bool sends =
        strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;

    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (!call->body && !sends)
        return 0;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(call->body ? call->body_len : 0));
    CURLcode code = curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, call->body ? call->body : "");
    return code == CURLE_OK ? 0 : -ENOMEM;
}

static void set_basic(CURL *curl, const struct http_call *call)
{
    if (!call->username)
        return;
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, call->username);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, call->password);
}

/* libcurl trusts the system's folder of authorities beside a file that is named. */
static void set_tls(CURL *curl, const struct http_call *call)
{
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (call->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (call->cert_file) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, call->cert_file);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, call->key_file);
    }
    if (call->insecure_skip_verify) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

int easy_prepare(struct easy *e, const struct http_call *call, struct curl_slist *hosts,
                 struct buf *body)
{
    long timeout_ms = whole_ms(call->timeout_ns ? call->timeout_ns : DEFAULT_TIMEOUT_NS);

    int r = add_headers(e, call);

    if (r < 0)
        return r;
    e->body = body;
    e->body_result = 0;
    e->reason[0] = '\0';

    curl_easy_setopt(e->curl, CURLOPT_URL, call->url);
    curl_easy_setopt(e->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e->curl, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(e->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(e->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms < CONNECT_MAX_MS ? timeout_ms : CONNECT_MAX_MS);
    curl_easy_setopt(e->curl, CURLOPT_ERRORBUFFER, e->reason);
    curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, e->headers);
    curl_easy_setopt(e->curl, CURLOPT_CONNECT_TO, hosts);
    curl_easy_setopt(e->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e->curl, CURLOPT_PROXY, ""); /* never a proxy from the environment */
    set_basic(e->curl, call);
    set_tls(e->curl, call);
    return set_method_and_body(e->curl, call);
}

const char *easy_refusal(int result)
{
    return result == -EINVAL ? "the bearer token has characters that no header takes"
                             : "out of memory";
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

    if (e->body_result == -E2BIG && !e->on_data)
        return err_set(err, -E2BIG, "the answer has more than %zu bytes", e->body->max);
    if (e->body_result < 0)
        return err_set(err, e->body_result, "%s",
                       e->body_result == -ENOMEM ? "out of memory" : "a piece was not taken");
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
