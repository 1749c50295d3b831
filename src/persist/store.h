/*
 * store: the data that survives a restart of vigild: values that daemons keep, pauses, counters.
 *
 * It is one JSON file, state.json in state_dir.  The loop thread owns it.  A change marks the store
 * as dirty.  About a second later vigild writes the whole document to a temporary file and renames
 * that to state.json, without fsync.  The previous file is kept as state.json.old.  At stop the
 * file is synced.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct loop;
struct store;

/* Opens the store and reads DIR/state.json.  A file that cannot be read is renamed to
 * state.json.bad, which is logged, and state.json.old is read instead.  If there were files and
 * none can be read, the store is empty and vigild is degraded; see store_loss.h.  Without a file
 * the store is empty.  A missing directory is created (0750).  Where the directory cannot be
 * written, vigild continues and logs that.  Returns NULL and sets errno only when vigild lacks
 * memory or descriptors. */
struct store *store_open(struct loop *loop, const char *dir);
/* Saves what was not saved with fsync, and frees the store. */
void store_close(struct store *store);

/* Returns a descriptor of the directory, for code that keeps another file there; or -errno, with
 * the reason in why.  -EPERM: other users can write to the directory or replace it. */
int store_open_dir(const char *dir, char *why, size_t size);

/* Returns the value of a key.  A value has three names: a section ("kept", "paused"), a daemon, and
 * a key.  Borrowed.  NULL: there is no such value. */
json_t *store_get(struct store *store, const char *section, const char *name, const char *key);
/* Returns a whole section: an object of daemons.  Borrowed.  NULL: there is none. */
json_t *store_section(struct store *store, const char *section);
/* Sets a value, which is copied deep, so the caller may change its own later.  NULL removes the
 * value. */
void store_put(struct store *store, const char *section, const char *name, const char *key,
	const json_t *value);
/* The same, but takes the caller's reference. */
void store_put_new(
	struct store *store, const char *section, const char *name, const char *key, json_t *value);
/* Writes the file now.  Returns 0 or -errno. */
int store_save(struct store *store, bool sync);

#endif
