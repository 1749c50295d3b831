/*
 * page: replies with the status page, and with its rows as JSON.
 */
#ifndef PAGE_H
#define PAGE_H

#include "server.h"

/* The template of the page, which is built from page.html, page.css and page.js. */
extern const unsigned char page_html[];
extern const size_t page_html_size;

/* Returns a hash of the template.  An open page that another version of vigild sent sees a
 * different hash and reloads itself. */
unsigned page_version(void);

/* Replies with the status page.  ?daemon=NAME: with that daemon alone and its details; &part: with
 * the table rows of that daemon alone; ?find=TEXT: with the daemons that have the text in their
 * name or in the name of their module. */
void page_reply(const struct request *request);
/* Replies with {"rows": [...]} for all daemons, or for the daemon that request->rest names. */
void page_reply_rows(const struct request *request);

#endif
