/*
 * nomemory: the plan that the shared object that fails allocations and the planning program share.
 *
 * It is in a file that both map.  The planning program passes the path in the variable NOMEMORY and
 * writes the plan; the shared object counts.
 */
#ifndef NOMEMORY_H
#define NOMEMORY_H

#include <stdatomic.h>
#include <stdint.h>

struct nomemory {
	_Atomic uint64_t plan;    /* the number of the allocation that fails; 0: none */
	_Atomic uint64_t count;   /* allocations since the plan was written */
	_Atomic uint64_t failed;  /* allocations that failed */
	_Atomic uint32_t on;      /* 1: all later allocations fail, too */
	_Atomic uint32_t workers; /* 1: allocations of the first thread do not count */
	char crashed[64];         /* the object whose code crashed, such as libcrypto.so.3, or "" */
	_Atomic int64_t credit;   /* bytes freed since the first failure; they can be allocated */
};

#endif
