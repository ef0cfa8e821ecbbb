// SPDX-License-Identifier: MIT
/* rules_reader: what the parts of reading rules share. Inside adapter/rules. Functions return 0,
 * -EINVAL with the sentence in s->err, or -ENOMEM. */
#ifndef ADAPTER_RULES_RULES_READER_H
#define ADAPTER_RULES_RULES_READER_H

#include "adapter/rules/catalogue.h"
#include "adapter/rules/rules.h"

struct rules_reader {
    const struct strict *s;
    struct rules *rules;
    struct catalogue *catalogue; /* to see which names mean one resource */
};

int rules_no_memory(const struct rules_reader *rd);

/* A warning about what is at path: "file:line: sentence". */
int rules_warn(const struct rules_reader *rd, const char *path, const char *sentence);

/* A member that is absent, null or empty leaves *ret NULL: all of them are Go's zero value. A whole
 * number is read as its text, as YAML for Go does. */
int rules_read_text(const struct rules_reader *rd, const json_t *mapping, const char *path,
                    const char *name, const char **ret);

/* NULL in *ret when it is absent or null. */
int rules_read_mapping(const struct rules_reader *rd, const json_t *parent, const char *path,
                       const char *name, const struct strict_member *members, const json_t **ret);
int rules_read_list(const struct rules_reader *rd, const json_t *parent, const char *path,
                    const char *name, size_t max, const json_t **ret);

int rules_read_template(const struct rules_reader *rd, const char *at, const char *text,
                        const char *const *fields, struct template **ret);

/* The member resources of entry. */
int rules_read_labels(const struct rules_reader *rd, const json_t *entry, const char *path,
                      struct rule_labels *ret);

/* Tries a query on values as they come in reads, so that it does not fail there. */
int rules_try_query(const struct rules_reader *rd, const char *at, const struct template *query,
                    bool of_objects, const char *also_by);

/* The section resourceRules. */
int rules_read_resource_rules(const struct rules_reader *rd, const json_t *document);

#endif
