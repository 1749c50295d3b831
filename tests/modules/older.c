/*
 * older: a module that was built before vigil_module had a check: its size ends within that field,
 * and calling what is there would crash vigild.
 */
#include <vigil/vigil.h>

static int start(vigil_daemon *d)
{
	return vigil_state_set(d, "started", json_true());
}

extern VIGIL_API const vigil_module vigil_module_descriptor;
const vigil_module vigil_module_descriptor = {.abi = VIGIL_ABI,
	.size = offsetof(vigil_module, check) + 1,
	.option_size = sizeof(vigil_option),
	.name = "older",
	.summary = "has no check",
	.start = start,
	.check = (int (*)(vigil_daemon *))1};
