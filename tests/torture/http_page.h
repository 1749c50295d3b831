/* http_page: sends requests to the http module of a vigild in a torture test. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "vigild_process.h"

#define PAGE_CLOSED 0  /* closed without a response */
#define PAGE_TORN   -1 /* an incomplete response */
#define PAGE_SILENT -2 /* no response in time */

/* Requests this path; returns the status of a complete response, or one of the values above. */
int page_get(struct vigild *s, const char *place);

#endif
