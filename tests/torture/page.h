/* page: asks the http module of the vigild that a torture test holds in its hands. */
#ifndef PAGE_H
#define PAGE_H

#include "subject.h"

#define PAGE_CLOSED 0  /* without a word */
#define PAGE_TORN   -1 /* half of it */
#define PAGE_SILENT -2 /* nothing came */

/* Its status at this address, when all of it has come; or one of those. */
int page_get(struct subject *s, const char *place);

#endif
