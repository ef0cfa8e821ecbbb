// SPDX-License-Identifier: MIT
/* names: which characters Kubernetes takes in names, labels and label values. Lengths are the
 * caller's business; an empty text is none of these. Source: apimachinery,
 * pkg/api/validate/content. Any thread. */
#ifndef KUBE_NAMES_H
#define KUBE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A label's value, and the name in a label's key: letters, digits and "-_.", with a letter or digit
 * at both ends. */
bool names_is_label(const char *text, size_t len);

/* Lower-case letters, digits and '-', with a letter or digit at both ends (RFC 1123). */
bool names_is_dns_label(const char *text, size_t len);

/* Such labels with dots between. */
bool names_is_dns_subdomain(const char *text, size_t len);

#endif
