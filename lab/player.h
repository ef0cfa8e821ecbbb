// SPDX-License-Identifier: MIT
/* player: plays a scene: begins its steps, makes their load, watches for what must be seen, and
 * accounts for every job. Control thread. */
#ifndef LAB_PLAYER_H
#define LAB_PLAYER_H

#include "lab/scene.h"

#include <jansson.h>

struct env;
struct player;
struct stage;

enum player_state { PLAYER_PLAYING, PLAYER_PASSED, PLAYER_FAILED };

/* Both are borrowed for the player's life. Plays from now on. NULL when out of memory. */
struct player *player_new(struct env *env, struct stage *stage, const struct scene *scene);
void player_free(struct player *p);

enum player_state player_state(const struct player *p);

/* One line for a person: "cpu: passed, 1 -> 10 -> 1 replicas in 41 s". Borrowed until player_free.
 */
const char *player_summary(const struct player *p);

/* For the page: {name, title, say, step, steps_done, steps, elapsed, state}. New. */
json_t *player_view(const struct player *p);

/* For the report: {name, title, passed, summary, steps: [...], jobs}. New. */
json_t *player_result(const struct player *p);

#endif
