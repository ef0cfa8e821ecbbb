// SPDX-License-Identifier: MIT
#include "fail_alloc.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static long left = -1; /* allocations that still succeed; -1: all */
static bool failed;

/* What the linker puts in the place of our own calls, and what they replace. */
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);

static bool fails(void)
{
    if (left < 0 || left-- > 0)
        return false;
    failed = true;
    return true;
}

static void *json_alloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

void fail_alloc_at(long n)
{
    json_set_alloc_funcs(json_alloc, free);
    failed = false;
    left = n;
}

bool fail_alloc_stop(void)
{
    left = -1;
    return failed;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}
