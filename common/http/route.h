// SPDX-License-Identifier: MIT
/* route: which row answers a path. Inside common/http. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/server.h"

/* Finds the row for method and path and fills params with allocated texts (NULL-terminated list;
 * route_params_done frees them). Returns 0; -ENOENT when no path fits; -EPROTOTYPE when a path fits
 * but not its method (*ret_route is then that row); -ENOMEM. */
int route_find(const struct http_routes *routes, size_t count, const char *method, const char *path,
               char *params[HTTP_PARAMS_MAX], const struct http_route **ret_route, void **ret_app);

/* Writes the methods that path takes, "GET, HEAD, POST", as a 405's Allow header wants them (RFC
 * 9110, section 15.5.6). What does not fit is left out. */
void route_allow(const struct http_routes *routes, size_t count, const char *path, char *text,
                 size_t size);

void route_params_done(char *params[HTTP_PARAMS_MAX]);

#endif
