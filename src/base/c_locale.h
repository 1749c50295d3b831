/*
 * c_locale: gives a thread the C locale, whatever setlocale has set for the process.
 *
 * A module or one of its libraries may call setlocale.  The decimal point of printf, strtod and
 * jansson would then be a comma in many countries, and the numbers of metrics, performance data,
 * thresholds and JSON would be wrong.
 */
#ifndef C_LOCALE_H
#define C_LOCALE_H

#include <stdbool.h>

/* Sets the locale of the calling thread. */
void c_locale_set(void);
/* Sets it again if something has changed the locale of this thread since c_locale_set.  Returns
 * true if that was so. */
bool c_locale_restore(void);

#endif
