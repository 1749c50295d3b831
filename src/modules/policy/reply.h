/*
 * reply: what the replies to queries and restarts say.
 */
#ifndef REPLY_H
#define REPLY_H

#include <vigil/vigil.h>

/* Texts of a reply may be NULL or "" if there is nothing to say. Returns NULL in both cases. */
static inline const char *reply_text(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The service is stopped as intended, because something else starts it when it is needed. */
static inline bool reply_is_idle(const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_STOPPED && reply_text(r->idle) != NULL;
}

/* The service does not run, although nothing says that it is not needed. */
static inline bool reply_is_down(const vigil_service_reply *r)
{
	return vigil_service_is_down(r->status) && !reply_is_idle(r);
}

/* Nothing of a restart that failed and left the service stopped is left. A service that has failed
 * is restarted anyway, and if it is stopped later, an admin has stopped it. */
static inline bool reply_ends_torn(const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_RUNNING || r->status == VIGIL_SERVICE_ABSENT ||
	       (r->status == VIGIL_SERVICE_FAILED && r->error == 0);
}

#endif
