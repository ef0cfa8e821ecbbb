// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/web/web.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct web_file *find(const char *path)
{
    for (size_t i = 0; i < web_files_count; i++)
        if (strcmp(web_files[i].path, path) == 0)
            return &web_files[i];
    return NULL;
}

static bool holds(const struct web_file *file, const char *text)
{
    return memmem(file->data, file->len, text, strlen(text)) != NULL;
}

static void has_every_file_with_its_type(void **state)
{
    const struct {
        const char *path, *type, *text;
    } cases[] = {
        {"/", "text/html; charset=utf-8", "<!doctype html>"},
        {"/page.css", "text/css; charset=utf-8", "--paper:"},
        {"/page.js", "text/javascript; charset=utf-8", "EventSource"},
        {"/chart.js", "text/javascript; charset=utf-8", "Chart.js v3"},
    };
    (void)state;

    assert_int_equal(web_files_count, sizeof(cases) / sizeof(cases[0]));
    for (size_t i = 0; i < web_files_count; i++) {
        const struct web_file *file = find(cases[i].path);
        assert_non_null(file);
        assert_string_equal(file->content_type, cases[i].type);
        assert_true(holds(file, cases[i].text));
    }
}

/* The lengths are the assembler's: neither a byte of the next file nor one too few. */
static void holds_exactly_the_bytes_of_the_source_file(void **state)
{
    const struct web_file *file = find("/page.js");
    char *bytes = malloc(file->len + 1);
    FILE *source = fopen(WEB_DIR "/page.js", "rb");
    (void)state;

    assert_non_null(bytes);
    assert_non_null(source);
    assert_int_equal(fread(bytes, 1, file->len + 1, source), file->len);
    assert_memory_equal(bytes, file->data, file->len);
    fclose(source);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_every_file_with_its_type),
        cmocka_unit_test(holds_exactly_the_bytes_of_the_source_file),
    };
    return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
