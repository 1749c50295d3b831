/* crash_marker_page: asks the http module of the vigild that a torture test holds in its hands. */
#ifndef CRASH_MARKER_PAGE_H
#define CRASH_MARKER_PAGE_H

#include "vigild_process.h"

#define PAGE_CLOSED 0  /* without a word */
#define PAGE_TORN   -1 /* half of it */
#define PAGE_SILENT -2 /* nothing came */

/* Its status at this address, when all of it has come; or one of those. */
int page_get(struct vigild *s, const char *place);

#endif
