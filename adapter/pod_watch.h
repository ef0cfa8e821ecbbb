// SPDX-License-Identifier: MIT
/* pod_watch: finds pods by watches of EndpointSlices and of pods. Any thread. */
#ifndef ADAPTER_POD_WATCH_H
#define ADAPTER_POD_WATCH_H

#include "adapter/object_watch.h"
#include "adapter/pod_list.h"

#define POD_SELECTOR_MAX_BYTES 200 /* so that it has room in a path */

struct pod_finder pod_watch_finder(struct object_watches *w);

#endif
