// SPDX-License-Identifier: MIT
#include "workload/job_text.h"

#include "workload/burn.h"
#include "workload/jobs.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES 65536 /* longer ones are not read as JSON */

static bool is_cost(const json_t *value)
{
    return json_is_number(value) && json_number_value(value) >= 0 &&
           json_number_value(value) <= BURN_CPU_MS_MAX;
}

void job_text_read(const char *text, size_t len, double default_cpu_ms, struct source_job *ret)
{
    json_auto_t *value =
        len <= TEXT_MAX_BYTES ? json_loadb(text, len, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *cost = json_is_object(value) ? json_object_get(value, "cpu_ms") : value;
    const char *id = json_string_value(json_object_get(value, "id"));

    ret->id[0] = '\0';
    if (id && strlen(id) <= SOURCE_ID_MAX && jobs_id_valid(id))
        (void)strcpy(ret->id, id);
    ret->cpu_ms = is_cost(cost) ? json_number_value(cost) : default_cpu_ms;
}
