// SPDX-License-Identifier: MIT
/* go_float: a number as Go prints it with %v: the shortest digits that read back as the same
 * number, with an exponent below 1e-4 and from 1e21 on. Any thread. */
#ifndef WORKLOAD_GO_FLOAT_H
#define WORKLOAD_GO_FLOAT_H

#define GO_FLOAT_TEXT_MAX 32

/* value is finite. Returns text. */
char *go_float(double value, char text[GO_FLOAT_TEXT_MAX]);

#endif
