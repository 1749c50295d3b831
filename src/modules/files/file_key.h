/*
 * file_key: a name of a file as a key of a JSON object.
 *
 * Keys are UTF-8, and names of files need not be. A name that is UTF-8 is its own key. The key of
 * any other one begins with a backslash, and its backslashes and its bytes that are not UTF-8 are
 * \xNN. Names begin with a slash, so no two names have the same key.
 */
#ifndef FILE_KEY_H
#define FILE_KEY_H

/* The caller frees the result. */
char *file_key(const char *file);
/* Returns the name that has this key. A key that vigil-files has not made is returned as it is. The
 * caller frees the result. */
char *file_of_key(const char *key);

#endif
