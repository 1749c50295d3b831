/*
 * nomemory: what the shim that fails allocations and the program that plans them share.
 *
 * A file that both map.  The planner names it to the program under test in the environment, by
 * NOMEMORY, and writes the plan; the shim counts.
 */
#ifndef NOMEMORY_H
#define NOMEMORY_H

#include <stdatomic.h>
#include <stdint.h>

struct nomemory {
	_Atomic uint64_t plan;    /* the allocation that fails, from one on; 0: none */
	_Atomic uint64_t count;   /* allocations since the plan was made */
	_Atomic uint64_t failed;  /* how many of them failed */
	_Atomic uint32_t on;      /* 0: that one alone; 1: all after it as well */
	_Atomic uint32_t workers; /* 1: only those of other threads than the first count */
	char crashed[64];         /* the object whose code crashed, such as libcrypto.so.3; or "" */
	_Atomic int64_t credit; /* bytes given back since the first failure that may be had again */
};

#endif
