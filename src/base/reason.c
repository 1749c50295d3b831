/*
 * reason: writes the reason of an error to a buffer of the caller; see reason.h.
 */
#include "base/reason.h"

#include <stdarg.h>
#include <stdio.h>

int reason_set(const struct reason *reason, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason->text, reason->size, format, ap);
	va_end(ap);
	return err;
}
