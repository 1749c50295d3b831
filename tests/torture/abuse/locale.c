/* locale: another locale */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
		setlocale(LC_ALL, "C.UTF-8");
}

ABUSE(locale);
