// SPDX-License-Identifier: MIT
#include "kube/names.h"

#include <string.h>

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool names_is_label(const char *text, size_t len)
{
    if (len == 0 || !is_alnum(text[0]) || !is_alnum(text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(text[i]) && (!text[i] || !strchr("-_.", text[i])))
            return false;
    return true;
}

bool names_is_dns_label(const char *text, size_t len)
{
    if (len == 0 || !is_lower_alnum(text[0]) || !is_lower_alnum(text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_lower_alnum(text[i]) && text[i] != '-')
            return false;
    return true;
}

bool names_is_dns_subdomain(const char *text, size_t len)
{
    const char *end = text + len;

    for (const char *dot; (dot = memchr(text, '.', (size_t)(end - text))); text = dot + 1)
        if (!names_is_dns_label(text, (size_t)(dot - text)))
            return false;
    return names_is_dns_label(text, (size_t)(end - text));
}
