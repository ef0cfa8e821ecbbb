// SPDX-License-Identifier: MIT
/* api: the store at the paths of a Kubernetes API server: get, list, watch, discovery. Read-only in
 * this version. Any thread: it only reads the store. */
#ifndef LAB_API_H
#define LAB_API_H

#include "http/server.h"

struct api;
struct store;

struct api *api_new(struct store *store); /* NULL when out of memory */

/* Ends all watches. The server must have been stopped. */
void api_free(struct api *a);

/* Ends all watches, so that the server can stop. */
void api_close_watches(struct api *a);

/* The routes, served with the api as their app. */
extern const struct http_route api_routes[];
extern const size_t api_route_count;

#endif
