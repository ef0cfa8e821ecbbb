// SPDX-License-Identifier: MIT
/* discovery: the classic discovery documents, made from the table of kinds. Any thread. */
#ifndef LAB_API_DISCOVERY_H
#define LAB_API_DISCOVERY_H

#include <jansson.h>

json_t *discovery_core_versions(void); /* APIVersions; new */
json_t *discovery_groups(void);        /* APIGroupList; new */

/* APIResourceList, or NULL when there is no such group and version. New. */
json_t *discovery_resources(const char *group, const char *version);

#endif
