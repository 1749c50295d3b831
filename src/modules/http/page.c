/*
 * page: see page.h.  The template of the page is one file with its style and script.  Each {{word}}
 * in it is a mark, which a function below fills.  The table is written here row by row, so that the
 * page needs no script.  The script of the page then replaces rows that have changed; the page's
 * stream (stream.c) sends these as the same HTML.
 */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>

#include "detail.h"
#include "head.h"
#include "html.h"
#include "names.h"
#include "reply.h"
#include "state_reader.h"
#include "status_row.h"

#define NONCE_BYTES 18
#define FIND_MAX    64

struct item {
	const char *name; /* a key of runs; borrowed */
	enum severity severity;
};

struct page {
	struct server *server;
	json_t *names; /* of all daemons; a reference */
	size_t read;   /* how many of their accounts have been read */
	json_t *vigil;
	char *only;              /* the daemon that is shown; NULL: all daemons */
	struct head head;        /* counts all daemons, also those that are not shown */
	struct item *items;      /* the daemons that are shown, in the order of the page */
	size_t count, next;      /* items in all; the next one to be written */
	size_t rows;             /* that have been written */
	const char *where;       /* the rest of page_html */
	const struct mark *mark; /* the mark that is being filled */
	bool one;                /* one daemon is requested, and shown with its details */
	char find[FIND_MAX];
	char nonce[2 * NONCE_BYTES + 1];
};

struct mark {
	const char *name;
	void (*fill)(struct page *page, struct evbuffer *out);
	bool rows;
};

unsigned page_version(void)
{
	unsigned hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < page_html_size; i++)
		hash = (hash ^ page_html[i]) * 16777619u;
	return hash;
}

/* --- marks ------------------------------------------------------------------------------------ */

static const json_t *degraded(const struct page *page)
{
	return json_object_get(page->vigil, "degraded");
}

static void fill_colour(struct page *page, struct evbuffer *out)
{
	static const char *const colours[SEVERITIES] = {[SEVERITY_OK] = "2e9e5b",
		[SEVERITY_WARN] = "d98e04",
		[SEVERITY_BAD] = "d3302f",
		[SEVERITY_UNKNOWN] = "7a87a3",
		[SEVERITY_NONE] = "7a87a3"};

	html_put(out, "%s", colours[head_severity(&page->head, degraded(page))]);
}

static void fill_degraded(struct page *page, struct evbuffer *out)
{
	const json_t *reason;
	size_t i;

	if (page->one)
		return;
	json_array_foreach(degraded(page), i, reason) {
		status_row_put_degraded(out, reason, false);
	}
}

static void fill_find(struct page *page, struct evbuffer *out)
{
	html_put(out, "%s", page->find);
}

static void fill_head(struct page *page, struct evbuffer *out)
{
	head_put(out, &page->head, page->vigil, false);
}

static void fill_heads(struct page *page, struct evbuffer *out)
{
	status_row_put_heads(out);
}

static void fill_host(struct page *page, struct evbuffer *out)
{
	char host[HEAD_HOST];

	html_put(out, "%s", head_host(host));
}

static void fill_nonce(struct page *page, struct evbuffer *out)
{
	html_put(out, "%s", page->nonce);
}

static void fill_none(struct page *page, struct evbuffer *out)
{
	html_put(out, page->count > 0 ? "hidden" : "");
}

static void fill_only(struct page *page, struct evbuffer *out)
{
	html_put(out, "%s", page->one && page->count > 0 ? page->items[0].name : "");
}

static void fill_time(struct page *page, struct evbuffer *out)
{
	json_t *now = vigil_time();

	html_time(out, json_string_value(now), "at", false);
	json_decref(now);
}

static void fill_version(struct page *page, struct evbuffer *out)
{
	html_put(out, "%d", (int)page_version());
}

static const struct mark marks[] = {
	{"colour", fill_colour, false},
	{"degraded", fill_degraded, false},
	{"find", fill_find, false},
	{"head", fill_head, false},
	{"heads", fill_heads, false},
	{"host", fill_host, false},
	{"nonce", fill_nonce, false},
	{"none", fill_none, false},
	{"only", fill_only, false},
	{"rows", NULL, true},
	{"time", fill_time, false},
	{"version", fill_version, false},
};

static const struct mark *find_mark(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strlen(marks[i].name) == length && memcmp(marks[i].name, name, length) == 0)
			return &marks[i];
	return NULL;
}

/* Writes the template up to the next mark, which then must be filled.  Returns false at the end. */
static bool next_mark(struct page *page, struct evbuffer *out)
{
	const char *end = (const char *)page_html + page_html_size;
	size_t left = (size_t)(end - page->where);
	const char *open = memmem(page->where, left, "{{", 2);
	const char *close = open != NULL ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;

	if (close == NULL) {
		evbuffer_add(out, page->where, left);
		return false;
	}
	evbuffer_add(out, page->where, (size_t)(open - page->where));
	page->mark = find_mark(open + 2, (size_t)(close - open) - 2);
	page->where = close + 2;
	page->next = 0;
	return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct item *one = a, *other = b;
	char first[STATUS_ROW_ORDER], second[STATUS_ROW_ORDER];

	return strcmp(status_row_order(first, one->name, one->severity),
		status_row_order(second, other->name, other->severity));
}

static void add_item(struct page *page, const char *name, const json_t *account)
{
	enum severity severity = status_row_severity(account);

	head_count(&page->head, severity, status_row_is_watch(account));
	if (page->only != NULL && strcmp(page->only, name) != 0)
		return;
	if (page->find[0] != '\0' && strcasestr(name, page->find) == NULL &&
		strcasestr(reader_text(account, "module"), page->find) == NULL)
		return;
	page->items[page->count++] = (struct item){.name = name, .severity = severity};
}

/* Reads the next account; when all have been read, sorts the items.  Returns false if that is done.
 * vigild computes an account when it is read, and all of them at once would block the loop.  An
 * account is read again for its row, because all of them would stay in memory as long as the client
 * reads slowly. */
static bool read_account(struct page *page)
{
	const json_t *account;
	const char *name;

	if (page->read > json_array_size(page->names))
		return false;
	name = json_string_value(json_array_get(page->names, page->read++));
	account = name != NULL ? names_account(page->server, name) : NULL;
	if (account != NULL)
		add_item(page, name, account);
	if (name == NULL)
		qsort(page->items, page->count, sizeof(*page->items), compare_items);
	return true;
}

/* --- slices ----------------------------------------------------------------------------------- */

/* Returns the account of the next daemon that still exists, a new reference, and sets *name.  NULL:
 * there is none. */
static json_t *next_account(struct page *page, const char **name)
{
	const json_t *account = NULL;

	while (account == NULL && page->next < page->count) {
		*name = page->items[page->next++].name;
		account = names_account(page->server, *name);
	}
	return json_incref((json_t *)account);
}

/* Writes the next row.  Returns false if there is none. */
static bool put_row(struct page *page, struct evbuffer *out)
{
	vigil_daemon *d = page->server->d;
	const char *name;
	json_t *account = next_account(page, &name), *row;

	if (account == NULL)
		return false;
	row = status_row_make(d, name, account);
	status_row_put(out, row, page->one, false);
	if (page->one)
		detail_put(out, d, name, account);
	json_decref(row);
	json_decref(account);
	return true;
}

static bool on_slice(struct evbuffer *out, void *arg)
{
	struct page *page = arg;

	if (read_account(page))
		return true;
	if (page->mark == NULL)
		return next_mark(page, out);
	if (!page->mark->rows)
		page->mark->fill(page, out);
	else if (put_row(page, out))
		return true;
	page->mark = NULL;
	return true;
}

static bool on_slice_part(struct evbuffer *out, void *arg)
{
	return read_account(arg) || put_row(arg, out);
}

static bool on_slice_json(struct evbuffer *out, void *arg)
{
	struct page *page = arg;
	const char *name;
	json_t *account, *row;
	char *text;

	if (read_account(page))
		return true;
	account = next_account(page, &name);
	if (account == NULL) {
		html_put(out, page->rows > 0 ? "]}\n" : "{\"rows\":[]}\n");
		return false;
	}
	row = status_row_make(page->server->d, name, account);
	text = vigil_json_text(row);
	html_put(out, "%r%r", page->rows++ > 0 ? "," : "{\"rows\":[", text != NULL ? text : "null");
	free(text);
	json_decref(row);
	json_decref(account);
	return true;
}

/* --- requests --------------------------------------------------------------------------------- */

static void page_free(void *arg)
{
	struct page *page = arg;

	json_decref(page->names);
	json_decref(page->vigil);
	free(page->items);
	free(page->only);
	free(page);
}

/* only: the daemon that is shown; NULL: all daemons.  find: of these only the ones with that text
 * in their name or their module's name; NULL: no limit.  Returns NULL after a reply. */
static struct page *page_new(const struct request *request, const char *only, const char *find)
{
	struct page *page = calloc(1, sizeof(*page));
	vigil_daemon *d = request->server->d;

	if (page == NULL)
		goto out;
	page->server = request->server;
	page->where = (const char *)page_html;
	snprintf(page->find, sizeof(page->find), "%s", find != NULL ? find : "");
	page->vigil = json_incref((json_t *)vigil_state_get(d, "/vigil"));
	page->names = names_read(request->server);
	page->items = calloc(json_array_size(page->names) + 1, sizeof(*page->items));
	page->only = only != NULL ? strdup(only) : NULL;
	if (page->items == NULL || (only != NULL && page->only == NULL))
		goto out;
	return page;
out:
	if (page != NULL)
		page_free(page);
	reply_error(request, 503, "out of memory", NULL);
	return NULL;
}

static void set_policy(const struct request *request, struct page *page)
{
	unsigned char bytes[NONCE_BYTES];
	char policy[512];

	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(page->nonce + 2 * i, 3, "%02x", bytes[i]);
	snprintf(policy, sizeof(policy),
		"default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
		"frame-ancestors 'none'",
		page->nonce, page->nonce);
	reply_header(request, "Content-Security-Policy", policy);
}

static void reply_with(const struct request *request, const struct evkeyvalq *query)
{
	const char *only = evhttp_find_header(query, "daemon");
	struct page *page;

	if (only != NULL && names_account(request->server, only) == NULL) {
		reply_error(request, 404, "no such daemon", json_pack("{s:s}", "daemon", only));
		return;
	}
	page = page_new(request, only, evhttp_find_header(query, "find"));
	if (page == NULL)
		return;
	page->one = only != NULL;
	set_policy(request, page);
	reply_sliced(request, "text/html; charset=utf-8",
		page->one && evhttp_find_header(query, "part") != NULL ? on_slice_part : on_slice,
		page_free, page);
}

void page_reply(const struct request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request->req);
	const char *text = uri != NULL ? evhttp_uri_get_query(uri) : NULL;
	struct evkeyvalq query;

	TAILQ_INIT(&query);
	if (text != NULL && evhttp_parse_query_str(text, &query) != 0) {
		reply_error(request, 400, "invalid query", NULL);
		return;
	}
	reply_with(request, &query);
	evhttp_clear_headers(&query);
}

void page_reply_rows(const struct request *request)
{
	const char *only = request->rest; /* "", "/" or "/NAME" */
	struct page *page;

	only += only[0] == '/';
	page = page_new(request, only[0] != '\0' ? only : NULL, NULL);
	if (page != NULL)
		reply_sliced(request, "application/json", on_slice_json, page_free, page);
}
