/*
 * config: one configuration and the access to its values.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_vigil.h"

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->count; i++) {
		free(config->daemons[i].name);
		free(config->daemons[i].module);
		free(config->daemons[i].short_module);
		given_clear(&config->daemons[i].options);
		option_set_unref(config->daemons[i].checked);
		option_set_unref(config->daemons[i].host);
	}
	free(config->daemons);
	for (size_t i = 0; i < config->defaults_count; i++) {
		free(config->defaults[i].module);
		free(config->defaults[i].section);
		given_clear(&config->defaults[i].options);
	}
	free(config->defaults);
	given_clear(&config->vigil_given);
	option_set_unref(config->vigil);
	text_free_list(config->files);
	free(config->dropin);
	free(config->file);
	free(config);
}

void config_drop_written(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		struct config_daemon *cd = &config->daemons[i];

		if (cd->checked != NULL)
			given_clear(&cd->options);
	}
	given_clear(&config->vigil_given);
}

struct config_place config_place_of(const struct config_daemon *cd, const char *key)
{
	const struct option_given *given = given_find(&cd->options, key);

	return given != NULL ? (struct config_place){given->file, given->line}
			     : (struct config_place){cd->file, cd->line};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct config_daemon *)a)->name, ((const struct config_daemon *)b)->name);
}

const struct config_daemon *config_find(const struct config *config, const char *name)
{
	const struct config_daemon key = {.name = (char *)name};

	if (config->count == 0)
		return NULL;
	return bsearch(&key, config->daemons, config->count, sizeof(key), by_name);
}

const struct config_daemon *config_after(const struct config *config, const char *name)
{
	size_t low = 0, high = config->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(config->daemons[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < config->count ? &config->daemons[low] : NULL;
}

const struct option_value *config_vigil(const struct config *config, const char *key)
{
	return option_get(config->vigil, key);
}

void config_restart_rate(const struct config *config, unsigned *count, double *seconds)
{
	config_vigil_rate(config_vigil(config, "restart_rate")->text, count, seconds);
}
