// SPDX-License-Identifier: MIT
/* rules_fixture: rules from a text, for the tests of what is made of them. */
#ifndef TESTS_UNIT_ADAPTER_RULES_RULES_FIXTURE_H
#define TESTS_UNIT_ADAPTER_RULES_RULES_FIXTURE_H

#include "adapter/rules/rules.h"
#include "base/err.h"

#include <string.h>

static inline int read_rules(const char *text, struct rules *ret, struct err *err)
{
    struct yaml_file *file = NULL;
    int r = yaml_parse("r.yaml", text, strlen(text), &file, err);

    if (r == 0) {
        const struct strict s = {.file = file, .err = err};
        r = rules_read(&s, yaml_document(file, 0), ret);
    }
    yaml_file_free(file);
    return r;
}

static inline void open_rules(const char *text, struct rules *ret)
{
    struct err err = {0};

    if (read_rules(text, ret, &err) < 0)
        fail_msg("%s", err.text);
}

#endif
