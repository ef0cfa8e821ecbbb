// SPDX-License-Identifier: MIT
/* podinfo: what people ask a demonstration service for, under podinfo's names: /status/{code},
 * /delay/{seconds}, /panic, /env, /headers. Any thread. */
#ifndef WORKLOAD_PODINFO_H
#define WORKLOAD_PODINFO_H

#include "workload/delays.h"
#include "workload/role.h"

extern const struct role_part podinfo_part; /* has no flags and no series */

struct http_routes podinfo_routes(struct delays *d);

#endif
