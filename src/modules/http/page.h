/*
 * page: the status page, and its rows as JSON.
 */
#ifndef PAGE_H
#define PAGE_H

#include "server.h"

/* The page as it was written, made of page.html, page.css and page.js when this is built. */
extern const unsigned char page_html[];
extern const size_t page_html_size;

/* Identifies the page's text: a page that was made by another vigild loads itself again. */
unsigned page_version(void);

/* The page; ?daemon=NAME: of that daemon alone, with its details; &part: of that its rows alone;
 * ?find=TEXT: of the daemons with that text in their names. */
void page_reply(const struct request *request);
/* {"rows": [...]}, of all daemons, or of the one that request->rest names. */
void page_reply_rows(const struct request *request);

#endif
