/* module_notify: the module `notify`, whose descriptor gets another name here, because the
 * descriptors of all modules have the same name. */
#define vigil_module_descriptor notify_descriptor
#include "../../src/modules/notify/notify.c"
