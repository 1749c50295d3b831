/*
 * json_pieces: the text of a JSON value in pieces of a bounded size.
 */
#ifndef JSON_PIECES_H
#define JSON_PIECES_H

#include <stdbool.h>

#include <jansson.h>

/* A container whose text is estimated to be longer than this is written member by member. */
#define JSON_PIECE (16 * 1024)

struct json_pieces;

/* Takes the reference.  Members of objects that are removed before their turn are left out, and
 * members that are added later may be missing. */
struct json_pieces *json_pieces_new(json_t *value);
void json_pieces_free(struct json_pieces *pieces);
/* The next piece, to be freed with free; NULL at the end.  When there was no memory for a piece,
 * *failed is set and NULL is returned: the text so far is incomplete. */
char *json_pieces_next(struct json_pieces *pieces, bool *failed);

/* Whether the whole text fits into about one piece.  Returns in bounded time. */
bool json_is_small(const json_t *value);

#endif
