// SPDX-License-Identifier: MIT
/* hosts: the names that the file of SWELL_HOSTS maps (client.h), as libcurl takes them. For those
 * who meet libcurl: common/http and load/transport; resolve.h is for others. Any thread.
 *
 * A line is "address name name..."; "#" begins a comment. Both may carry a port (an IPv6 address
 * then stands in brackets): "127.3.0.5:8080 web:80" sends what is for port 80 of web to port 8080.
 * The first line that fits a name and port counts. */
#ifndef HTTP_HOSTS_H
#define HTTP_HOSTS_H

#include <curl/curl.h>

/* For CURLOPT_CONNECT_TO; the caller frees it with curl_slist_free_all. NULL when there is no file,
 * nothing in it, or no memory. */
struct curl_slist *hosts_new(void);

/* Calls fn with every pair of the file, in its order, each as it is written there. */
typedef void hosts_fn(void *arg, const char *name, const char *address);
void hosts_each(hosts_fn *fn, void *arg);

#endif
