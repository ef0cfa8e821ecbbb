// SPDX-License-Identifier: MIT
/* uuid: random names that nobody else has (RFC 9562, version 4). Any thread. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#define UUID_TEXT_MAX 37 /* with its NUL */

/* Writes one: "0f8fad5b-d9cb-469f-a165-70867728950e". Returns text. */
char *uuid_make(char text[UUID_TEXT_MAX]);

#endif
