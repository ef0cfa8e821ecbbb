// SPDX-License-Identifier: MIT
/* http_json: a number somewhere in the JSON that a GET answers with.
 *
 *     http: {url: "http://queue/queues/jobs", valuePath: "depth", timeout: 2s}
 *
 * A JSON number counts as itself and a string as a Kubernetes quantity, as KEDA's metrics-api
 * trigger does. Nothing else is a value: no value is an error, never zero. */
#ifndef ADAPTER_SOURCES_HTTP_JSON_H
#define ADAPTER_SOURCES_HTTP_JSON_H

#include "adapter/source.h"

extern const struct source_kind http_json_kind;

#endif
