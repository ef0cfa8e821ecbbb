// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_names.h"

#include "kube/names.h"

#include <string.h>

#define LABEL_MAX 63
#define SUBDOMAIN_MAX 253

#define DNS_LABEL_RE "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define LABEL_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

#define NOT_A_LABEL                                                                                \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "    \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "         \
    "validation is '" LABEL_RE "')"
#define NOT_A_SUBDOMAIN                                                                            \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "  \
    "for validation is '" DNS_LABEL_RE "(\\." DNS_LABEL_RE ")*')"

static void add(struct faults *f, const char *text)
{
    f->texts[f->count++] = text;
}

static void add_prefix_faults(struct faults *f, const char *prefix, size_t len)
{
    if (len == 0) {
        add(f, "prefix part must be non-empty");
        return;
    }
    if (len > SUBDOMAIN_MAX)
        add(f, "prefix part must be no more than 253 bytes");
    if (!names_is_dns_subdomain(prefix, len))
        add(f, "prefix part " NOT_A_SUBDOMAIN);
}

struct faults faults_of_label_key(const char *key)
{
    struct faults f = {0};
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    const size_t len = strlen(name);

    if (strchr(name, '/')) {
        add(&f, "a valid label key " NOT_A_LABEL
                " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
        return f;
    }
    if (slash)
        add_prefix_faults(&f, key, (size_t)(slash - key));
    if (len == 0)
        add(&f, "name part must be non-empty");
    else if (len > LABEL_MAX)
        add(&f, "name part must be no more than 63 bytes");
    if (!names_is_label(name, len))
        add(&f, "name part " NOT_A_LABEL);
    return f;
}

struct faults faults_of_label_value(const char *value)
{
    struct faults f = {0};
    const size_t len = strlen(value);

    if (len > LABEL_MAX)
        add(&f, "must be no more than 63 bytes");
    if (len > 0 && !names_is_label(value, len))
        add(&f, "a valid label must be an empty string or consist of alphanumeric characters, '-', "
                "'_' or '.', and must start and end with an alphanumeric character (e.g. "
                "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                "'(" LABEL_RE ")?')");
    return f;
}

struct faults faults_of_dns_label(const char *name)
{
    struct faults f = {0};
    const size_t len = strlen(name);

    if (len > LABEL_MAX)
        add(&f, "must be no more than 63 characters");
    if (names_is_dns_label(name, len))
        return f;
    if (names_is_dns_subdomain(name, len))
        add(&f, "must not contain dots");
    else
        add(&f, "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
                "'123-abc', regex used for validation is '" DNS_LABEL_RE "')");
    return f;
}

struct faults faults_of_dns_subdomain(const char *name)
{
    struct faults f = {0};
    const size_t len = strlen(name);

    if (len > SUBDOMAIN_MAX)
        add(&f, "must be no more than 253 characters");
    if (!names_is_dns_subdomain(name, len))
        add(&f, NOT_A_SUBDOMAIN);
    return f;
}

struct faults faults_of_path_segment(const char *name)
{
    struct faults f = {0};

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        add(&f, name[1] ? "may not be '..'" : "may not be '.'");
        return f;
    }
    if (strchr(name, '/'))
        add(&f, "may not contain '/'");
    if (strchr(name, '%'))
        add(&f, "may not contain '%'");
    return f;
}
