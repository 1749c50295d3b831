/*
 * store: what outlives the host: values that daemons keep, pauses, counters.
 *
 * One JSON file, state.json in state_dir, owned by the loop thread.  A change marks it dirty;
 * a moment later it is written anew beside itself and renamed into place, without fsync, the
 * generation before kept as state.json.old.  At stop it is written with fsync.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct loop;
struct store;

/* Opens and reads DIR/state.json.  One that cannot be read is set aside as state.json.bad with a
 * line in the log and the older one is taken; none is an empty store.  A directory that is
 * missing is made (0750); where it cannot be written the host goes on and the log says so.
 * Never fatal: NULL only when out of memory. */
struct store *store_open(struct loop *loop, const char *dir);
/* Writes what is unwritten, with fsync, and closes. */
void store_close(struct store *store);

/* A descriptor of the directory, for who keeps a file of its own there; or -errno and the reason in why.
 * -EPERM: others may write the directory, or put another one in its place. */
int store_open_dir(const char *dir, char *why, size_t size);

/* Three levels of names: a section ("kept", "paused"), a daemon, a key of its own.  Borrowed;
 * NULL where nothing stands. */
json_t *store_get(struct store *store, const char *section, const char *name, const char *key);
/* All of a section, by daemon; borrowed; NULL where there is none. */
json_t *store_section(struct store *store, const char *section);
/* Writes (copied deep: the caller may change its own later), or removes with NULL. */
void store_put(struct store *store, const char *section, const char *name, const char *key,
	const json_t *value);
/* The same, and takes the reference. */
void store_put_new(
	struct store *store, const char *section, const char *name, const char *key, json_t *value);
/* Writes the file now.  0 or -errno. */
int store_save(struct store *store, bool sync);

#endif
