/* c_locale: see c_locale.h.  One locale object serves all threads and is never freed, because
 * threads use it until they end. */
#include "base/c_locale.h"

#include <locale.h>
#include <pthread.h>
#include <stddef.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* NULL: there was no memory; threads then keep the process's locale */
static _Thread_local bool is_set;

static void create(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void c_locale_set(void)
{
	pthread_once(&once, create);
	is_set = c_locale != (locale_t)0;
	if (is_set)
		uselocale(c_locale);
}

bool c_locale_restore(void)
{
	if (!is_set || uselocale((locale_t)0) == c_locale)
		return false;
	uselocale(c_locale);
	return true;
}
