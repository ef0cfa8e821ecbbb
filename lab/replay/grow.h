// SPDX-License-Identifier: MIT
/* grow: arrays of which nobody knows before how many elements they get. Any thread. */
#ifndef LAB_REPLAY_GROW_H
#define LAB_REPLAY_GROW_H

#include <stddef.h>

/* Makes room for one more behind count elements; array is the address of the pointer to them, NULL
 * when there are none. Sizes are powers of two, and what is new is zero. 0, or -ENOMEM with the
 * array as it was. */
int grow(void *array, size_t count, size_t element_size);

#endif
