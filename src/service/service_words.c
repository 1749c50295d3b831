/* service_words: the names of vigil.h's constants about services, for all layers above. */
#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

const char *vigil_service_status_name(vigil_service_status status)
{
	static const char *const words[] = {
		[VIGIL_SERVICE_UNKNOWN] = "unknown",
		[VIGIL_SERVICE_ABSENT] = "absent",
		[VIGIL_SERVICE_RUNNING] = "running",
		[VIGIL_SERVICE_STOPPED] = "stopped",
		[VIGIL_SERVICE_FAILED] = "failed",
		[VIGIL_SERVICE_STARTING] = "starting",
		[VIGIL_SERVICE_STOPPING] = "stopping",
		[VIGIL_SERVICE_RELOADING] = "reloading",
	};

	return (size_t)status < sizeof(words) / sizeof(words[0]) ? words[status] : "unknown";
}

const char *vigil_service_fault_name(vigil_service_fault fault)
{
	static const char *const words[] = {
		[VIGIL_FAULT_NONE] = "none",
		[VIGIL_FAULT_DENIED] = "denied",
		[VIGIL_FAULT_TIMEOUT] = "timeout",
		[VIGIL_FAULT_FAILED] = "failed",
		[VIGIL_FAULT_ABSENT] = "absent",
		[VIGIL_FAULT_REFUSED] = "refused",
	};

	return (size_t)fault < sizeof(words) / sizeof(words[0]) ? words[fault] : "failed";
}

const char *vigil_service_boot_name(vigil_service_boot boot)
{
	static const char *const words[] = {
		[VIGIL_BOOT_UNKNOWN] = "unknown",
		[VIGIL_BOOT_NO] = "no",
		[VIGIL_BOOT_YES] = "yes",
		[VIGIL_BOOT_STATIC] = "static",
	};

	return (size_t)boot < sizeof(words) / sizeof(words[0]) ? words[boot] : "unknown";
}

const char *vigil_service_crash_name(vigil_service_crash crash)
{
	static const char *const words[] = {
		[VIGIL_CRASH_UNKNOWN] = "unknown",
		[VIGIL_CRASH_NONE] = "none",
		[VIGIL_CRASH_DOWN] = "down",
		[VIGIL_CRASH_RESTARTED] = "restarted",
		[VIGIL_CRASH_ON_DEMAND] = "on-demand",
	};

	return (size_t)crash < sizeof(words) / sizeof(words[0]) ? words[crash] : "unknown";
}

bool vigil_service_is_down(vigil_service_status status)
{
	return status == VIGIL_SERVICE_STOPPED || status == VIGIL_SERVICE_FAILED;
}
