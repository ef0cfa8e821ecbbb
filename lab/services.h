// SPDX-License-Identifier: MIT
/* services: a proxy on a stable address for each Service, with the ready pods as its endpoints, and
 * the hosts file by which http://php-apache works without DNS. Control thread. */
#ifndef LAB_SERVICES_H
#define LAB_SERVICES_H

#include "lab/proxy.h"

struct env;
struct err;
struct services;

struct services *services_new(struct env *env); /* NULL when out of memory */
void services_free(struct services *s);

/* Gives each Service an address (spec.clusterIP, 127.N.0.x) and starts its proxy; writes the hosts
 * file. A port that may not be used here (below 1024 without privilege) becomes 8000 + port, with a
 * warning and in the annotation swell.dev/port. Before the first pod starts. */
int services_start(struct services *s, struct err *err);

/* Sets endpoints to the pods that are ready. Call it when something changed. */
void services_sync(struct services *s);

#define SERVICE_URL_MAX 64

/* "http://127.42.0.3:80": where a Service really listens, from its object in the store. NULL when
 * there is no such Service, or it has no address yet. Returns url. */
char *service_url(const struct env *env, const char *ns, const char *name,
                  char url[SERVICE_URL_MAX]);

/* The proxy of a Service, or NULL. Borrowed. */
struct proxy *services_find(struct services *s, const char *ns, const char *name);

#endif
