/* alarm: see alarm.h. */
#include "alarm.h"

#include <math.h>
#include <string.h>

void alarm_init(struct alarm *alarm, size_t least, double seconds)
{
	memset(alarm, 0, sizeof(*alarm));
	alarm->least = least;
	alarm->seconds = seconds;
}

static void push(struct alarm *alarm, double time)
{
	if (alarm->count == alarm->least)
		memmove(alarm->times, alarm->times + 1, --alarm->count * sizeof(*alarm->times));
	alarm->times[alarm->count++] = time;
}

void alarm_add(struct alarm *alarm, long n, double now)
{
	alarm->total += n;
	for (long i = 0; i < n && i < (long)alarm->least; i++)
		push(alarm, now);
}

bool alarm_is_raised(struct alarm *alarm, double now)
{
	/* If the clock has been set back, the time begins again, so that the alarm is neither lost
	 * nor lasts until the clock has caught up. */
	for (size_t i = 0; i < alarm->count; i++)
		alarm->times[i] = fmin(alarm->times[i], now);
	return alarm->count >= alarm->least && now - alarm->times[0] < alarm->seconds;
}

double alarm_last(const struct alarm *alarm)
{
	return alarm->count > 0 ? alarm->times[alarm->count - 1] : 0;
}

json_t *alarm_json(const struct alarm *alarm)
{
	json_t *times = json_array();

	for (size_t i = 0; i < alarm->count; i++)
		json_array_append_new(times, json_real(alarm->times[i]));
	return json_pack("{s:I,s:o}", "total", alarm->total, "times", times);
}

void alarm_read(struct alarm *alarm, const json_t *object)
{
	const json_t *time;
	size_t index;

	alarm->total = json_integer_value(json_object_get(object, "total"));
	json_array_foreach(json_object_get(object, "times"), index, time)
		if (json_is_number(time) && isfinite(json_number_value(time)))
			push(alarm, json_number_value(time));
}
