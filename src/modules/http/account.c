/* account: see account.h. */
#include "account.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double number_at(const json_t *json, const char *address)
{
	const json_t *number = reader_follow(json, address);

	return json_is_number(number) ? json_number_value(number) : (double)NAN;
}

void account_read(struct account *account, const json_t *json)
{
	const char *status = reader_text(json, "status");

	account->exists = json_is_object(json);
	account->up = strcmp(status, "running") == 0 || strcmp(status, "paused") == 0;
	account->paused = json_is_true(json_object_get(json, "paused"));
	account->level = reader_level(json);
	snprintf(account->module, sizeof(account->module), "%s", reader_text(json, "module"));
	account->ticks = number_at(json, "/ticks");
	account->missed = number_at(json, "/missed");
	account->errors = number_at(json, "/errors");
	account->callback_seconds = number_at(json, "/callback_seconds/total");
}
