/*
 * json_pieces: writes a JSON value as text, in pieces of a limited size.
 */
#ifndef JSON_PIECES_H
#define JSON_PIECES_H

#include <stdbool.h>

#include <jansson.h>

/* An object or array is written member by member if its text is longer than this.  A piece of such
 * members ends when it is that long. */
#define JSON_PIECE (16 * 1024)

struct json_pieces;

/* Takes over the caller's reference.  A member of an object that is removed before it has been
 * written is omitted, and a member that is added in between may be missing. */
struct json_pieces *json_pieces_new(json_t *value);
void json_pieces_free(struct json_pieces *pieces);
/* Returns the next piece, which the caller frees with free; NULL at the end.  If there is no memory
 * for a piece, it sets *failed and returns NULL: the text so far is incomplete. */
char *json_pieces_next(struct json_pieces *pieces, bool *failed);

/* Returns true if the whole text fits into about one piece.  Takes a limited time. */
bool json_is_small(const json_t *value);

#endif
