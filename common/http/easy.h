// SPDX-License-Identifier: MIT
/* easy: sets up one libcurl transfer; what client and fetch share. Inside common/http. */
#ifndef HTTP_EASY_H
#define HTTP_EASY_H

#include "base/buf.h"
#include "http/client.h"

#include <curl/curl.h>
#include <stdbool.h>

struct err;

struct easy { /* {0} and a CURL handle are ready for easy_prepare */
    CURL *curl;
    struct curl_slist *headers;
    struct buf *body;                                        /* where the answer goes */
    int (*on_data)(void *arg, const char *data, size_t len); /* NULL, or where a 2xx one goes */
    void *on_data_arg;
    int body_result; /* a negative errno: it did not fit, or on_data's */
    char reason[CURL_ERROR_SIZE];
};

/* Sets every option for call; the answer's body will be appended to *body. hosts (NULL: none) must
 * live until the transfer is over. 0, -ENOMEM, or -EINVAL for a bearer with other than printable
 * ASCII characters. */
int easy_prepare(struct easy *e, const struct http_call *call, struct curl_slist *hosts,
                 struct buf *body);

/* The reason in words. */
const char *easy_refusal(int result);

/* What the transfer's result means: 0 and *ret_status, or a negative errno with the reason. */
int easy_result(struct easy *e, CURLcode code, int *ret_status, struct err *err);

/* Forgets the request; the handle keeps its connections. */
void easy_reset(struct easy *e);

#endif
