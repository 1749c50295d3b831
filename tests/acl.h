/*
 * acl: sets the ACL of a test's file without the ACL library and programs.
 */
#ifndef ACL_H
#define ACL_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "scratch.h"

struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};

/* Sets the ACL of a file of mode 0644: one named user or group, and the mask. Prints a SKIP line
 * and returns false if the file system has no ACLs. */
static inline bool acl_set(
	const char *name, uint16_t tag, unsigned permissions, uint32_t id, unsigned mask)
{
	struct {
		uint32_t version;
		struct acl_entry entries[5];
	} acl = {htole32(2),
		{{htole16(1), htole16(6), UINT32_MAX}, {htole16(4), htole16(4), UINT32_MAX},
			{htole16(16), htole16((uint16_t)mask), UINT32_MAX},
			{htole16(32), htole16(4), UINT32_MAX}}};
	struct acl_entry named = {htole16(tag), htole16((uint16_t)permissions), htole32(id)};

	/* The entries must be sorted by tag. */
	memmove(&acl.entries[tag == 2 ? 2 : 3], &acl.entries[tag == 2 ? 1 : 2],
		(tag == 2 ? 3 : 2) * sizeof(struct acl_entry));
	acl.entries[tag == 2 ? 1 : 2] = named;
	if (setxattr(scratch_path(name), "system.posix_acl_access", &acl, sizeof(acl), 0) == 0)
		return true;
	printf("SKIP: ACLs: %s\n", strerror(errno));
	return false;
}

#endif
