// SPDX-License-Identifier: MIT
#include "lab/replay/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int grow(void *array, size_t count, size_t element_size)
{
    if (count & (count - 1))
        return 0;
    void *more = reallocarray(*(void **)array, count ? 2 * count : 1, element_size);
    if (!more)
        return -ENOMEM;
    *(void **)array = more;
    memset((char *)more + count * element_size, 0, (count ? count : 1) * element_size);
    return 0;
}
