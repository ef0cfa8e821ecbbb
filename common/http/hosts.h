// SPDX-License-Identifier: MIT
/* hosts: the names that the file of SWELL_HOSTS maps (client.h), as libcurl takes them. For those
 * who meet libcurl: common/http and load/transport. Any thread. */
#ifndef HTTP_HOSTS_H
#define HTTP_HOSTS_H

#include <curl/curl.h>

/* Appends an entry for CURLOPT_CONNECT_TO for each name, for any port; the caller frees the list.
 * 0, also without a file; -ENOMEM. */
int hosts_append(struct curl_slist **list);

#endif
