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

void route_params_done(char *params[HTTP_PARAMS_MAX]);

#endif
