// SPDX-License-Identifier: MIT
/* scene: a scene.yaml: what to say, which load to make, what must be seen. Plain data.
 *
 *     title: CPU-driven scaling
 *     target: php-apache                 # the HorizontalPodAutoscaler that conditions speak of
 *     queue: {service: queue, name: jobs}        # optional: whose numbers to show and account for
 *     steps:
 *     - say: Nobody asks for anything.
 *       for: 30s                         # control time; or
 *     - say: One client.
 *       load: {url: http://php-apache/, clients: 1, pause: 10ms}     # or rate: 50; or: none
 *       produce: {rate: 60, cpuMs: 10}                               # jobs; or: none
 *       until: {replicas: ">= 4"}        # replicas, ready, depth, drained: true
 *       within: 5m                       # control time; not seen by then: the scene failed
 *
 * A load or producer runs until a later step replaces it or says none. */
#ifndef LAB_SCENE_H
#define LAB_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define SCENE_STEPS_MAX 32
#define SCENE_CONDITIONS_MAX 4
#define SCENE_WORDS_MAX 16

enum scene_quantity { SCENE_REPLICAS, SCENE_READY, SCENE_DEPTH, SCENE_DRAINED };
enum scene_compare { SCENE_AT_LEAST, SCENE_AT_MOST, SCENE_EQUAL };

struct scene_condition {
    enum scene_quantity quantity;
    enum scene_compare compare;
    int64_t number;
};

enum scene_change { SCENE_KEEP, SCENE_START, SCENE_STOP };

struct scene_load { /* what becomes of the load, or of the producer, when the step begins */
    enum scene_change change;
    char *words[SCENE_WORDS_MAX + 1]; /* swell-load's arguments; owned */
    size_t count;
};

struct scene_step {
    char *say;
    struct scene_load load, produce;
    uint64_t for_ns;    /* control time; 0: until the conditions hold */
    uint64_t within_ns; /* control time */
    struct scene_condition conditions[SCENE_CONDITIONS_MAX];
    size_t condition_count;
};

struct scene {
    char *name; /* the folder's */
    char *title, *target;
    char *queue_service, *queue_name; /* NULL: no queue */
    struct scene_step steps[SCENE_STEPS_MAX];
    size_t step_count;
};

/* Reads folder/scene.yaml. New in *ret; -EINVAL with file and line. */
int scene_read(const char *folder, struct scene **ret, struct err *err);
void scene_free(struct scene *s);

/* "replicas >= 4", for messages. Returns text. */
char *scene_condition_text(const struct scene_condition *c, char text[64]);

bool scene_condition_holds(const struct scene_condition *c, int64_t value);

#endif
