// SPDX-License-Identifier: MIT
/* spec_names: what an API server says about bad names. Texts: apimachinery,
 * pkg/api/validate/content. Any thread. */
#ifndef LAB_HPA_SPEC_NAMES_H
#define LAB_HPA_SPEC_NAMES_H

#include <stddef.h>

#define FAULTS_MAX 4

struct faults {
    const char *texts[FAULTS_MAX]; /* literals */
    size_t count;
};

struct faults faults_of_label_key(const char *key); /* "name" or "dns.prefix/name" */
struct faults faults_of_label_value(const char *value);
struct faults faults_of_dns_label(const char *name);
struct faults faults_of_dns_subdomain(const char *name);
struct faults faults_of_path_segment(const char *name);

#endif
