/* log: the implementation of base/log.h in vigil-module-host, which sends the lines to vigild. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "module_host/parent.h"

#define LINE_TEXT 2048

enum log_level log_level(void)
{
	return (enum log_level)parent_page()->level;
}

/* vigild knows who writes. */
void log_vwrite(enum log_level level, const char *who, const char *format, va_list ap)
{
	char raw[LINE_TEXT], text[LINE_TEXT];
	int err = errno;

	if (level > log_level())
		return;
	vsnprintf(raw, sizeof(raw), format, ap);
	text_escape(text, sizeof(text), raw, strlen(raw));
	parent_tell(json_pack("[s,i,s]", "log", (int)level, text));
	errno = err;
}

void log_write(enum log_level level, const char *who, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_vwrite(level, who, format, ap);
	va_end(ap);
}
