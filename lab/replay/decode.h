// SPDX-License-Identifier: MIT
/* decode: what the decoders of Kubernetes' clients make of a body, and their words when they can
 * make nothing of it. Source: apimachinery v0.36, runtime/serializer; the clients of k8s.io/metrics
 * and client-go/scale. One thread. */
#ifndef LAB_REPLAY_DECODE_H
#define LAB_REPLAY_DECODE_H

#include "lab/hpa/texts.h"
#include "lab/replay/scenario.h"

struct decoder {        /* {0} is ready to use */
    struct texts texts; /* holds the errors */
};

struct decoded {
    const json_t *object;           /* NULL: nothing that anybody looks at */
    const char *api_version, *kind; /* with defaults */
    const char *error;              /* NULL: none */
};

/* What a client makes of it that expects one kind: JSON only; kind and apiVersion may be absent. A
 * Status is an error unless it says Success. */
struct decoded decode_expected(struct decoder *d, struct answer *a, const char *api_version,
                               const char *kind);

/* A client that takes whatever it is for that kind: only the JSON is looked at. */
struct decoded decode_unchecked(struct decoder *d, struct answer *a);

struct decode_kind {
    const char *api_version, *kind;
};

/* A client that reads the kind first: JSON or YAML; kind and apiVersion must be there, and be one
 * of those that it knows, which end with {NULL}. */
struct decoded decode_known(struct decoder *d, struct answer *a, const struct decode_kind *known);

/* A client that leaves it to Go: JSON of that Go type. */
struct decoded decode_plain(struct decoder *d, struct answer *a, const char *go_type);

/* What Go calls a JSON value: "object", "number". */
const char *decode_go_type(const json_t *value);

/* Whether the body is a Status of kind Failure, as it comes with an error code. */
bool decode_failure(struct decoder *d, struct answer *a, struct decoded *ret);

#endif
