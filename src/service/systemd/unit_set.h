/*
 * unit_set: the callbacks for changes of the set of services under systemd.
 */
#ifndef UNIT_SET_H
#define UNIT_SET_H

struct unit_set_user {
	/* systemd has loaded a service that was not loaded before.  name: as in a listing, such as
	 * "nginx" for nginx.service. */
	void (*on_new)(const char *name, void *arg);
	/* Services may have been added or removed: unit files have changed, systemd has reloaded,
	 * or signals may have been lost. */
	void (*on_files)(void *arg);
	void *arg;
};

#endif
