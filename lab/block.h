// SPDX-License-Identifier: MIT
/* block: the loopback addresses of one lab: 127.N.0.x for Services, 127.N.1.x for pods.
 *
 * N is picked at start and held by an abstract Unix socket, so two labs on one machine never
 * collide and a killed lab holds nothing. One thread. */
#ifndef LAB_BLOCK_H
#define LAB_BLOCK_H

struct err;
struct block;

#define BLOCK_ADDRESS_MAX 16

/* -EADDRINUSE when all blocks are taken (there are 200). */
int block_new(struct block **ret, struct err *err);
void block_free(struct block *b);

/* The next free address, "127.42.1.7". A pod's address is not given out again before 250 others
 * were. -EADDRNOTAVAIL when 250 are in use. */
int block_take_pod(struct block *b, char address[BLOCK_ADDRESS_MAX], struct err *err);
void block_return_pod(struct block *b, const char *address);

/* Service addresses are never returned: at most 250. */
int block_take_service(struct block *b, char address[BLOCK_ADDRESS_MAX], struct err *err);

#endif
