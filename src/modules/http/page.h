/*
 * page: the status page, and the rows that keep it up to date.
 */
#ifndef PAGE_H
#define PAGE_H

#include "site.h"

/* The page as it was written, made from page.html when this is built. */
extern const unsigned char page_html[];
extern const size_t page_html_size;

void page_reply(const struct visit *visit);
/* {"rows": [...]}, of all daemons, or of the one that visit->rest names. */
void page_reply_rows(const struct visit *visit);

#endif
