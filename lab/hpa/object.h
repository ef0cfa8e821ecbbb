// SPDX-License-Identifier: MIT
/* object: builds a JSON object member by member with one check at its end. Every value is taken;
 * a value that could not be made (NULL) makes the whole object fail, so that what comes out is
 * whole or NULL. One thread. */
#ifndef LAB_HPA_OBJECT_H
#define LAB_HPA_OBJECT_H

#include <jansson.h>
#include <stdint.h>

struct object {
    json_t *json; /* NULL once something failed */
};

struct object object_begin(void);
void object_put(struct object *o, const char *key, json_t *value);
void object_text(struct object *o, const char *key, const char *text); /* NULL: left out */
void object_int(struct object *o, const char *key, int64_t value);
void object_real(struct object *o, const char *key, double value); /* not finite: left out */
void object_bool(struct object *o, const char *key, int value);

void object_fail(struct object *o); /* for what could not be made before it could be put */

/* A list that misses an element becomes NULL, which no object takes. */
void list_append(json_t **list, json_t *value);

#endif
