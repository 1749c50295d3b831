/* daemon_access: what others may read of a daemon. */
#include "daemon/daemon.h"

#include "daemon/daemon_internal.h"

const char *daemon_name(const struct vigil_daemon *d)
{
	return d->name;
}

const char *daemon_service(const struct vigil_daemon *d)
{
	return d->service;
}

const vigil_module *daemon_descriptor(const struct vigil_daemon *d)
{
	return d->descriptor;
}

const char *daemon_module(const struct vigil_daemon *d)
{
	return d->module;
}

const struct option_set *daemon_options(const struct vigil_daemon *d)
{
	return d->options;
}

void daemon_set_host_options(struct vigil_daemon *d, struct option_set *options)
{
	struct option_set *old = d->host_options;

	d->host_options = options != NULL ? option_set_ref(options) : NULL;
	option_set_unref(old);
}

const struct option_set *daemon_host_options(const struct vigil_daemon *d)
{
	return d->host_options;
}

uint64_t daemon_refused_writes(const struct vigil_daemon *d)
{
	return d->counts.refused;
}

const char *daemon_reason(const struct vigil_daemon *d)
{
	return d->status == DAEMON_FAILED && d->reason != NULL ? d->reason : "";
}

bool daemon_is_busy_apart(const struct vigil_daemon *d)
{
	return d->apart != NULL && (d->status == DAEMON_STARTING || d->apart->is_busy(d));
}
