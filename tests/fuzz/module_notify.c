/* module_notify: the module `notify` under a name of its own, because each module calls its
 * descriptor the same. */
#define vigil_module_descriptor notify_descriptor
#include "../../src/modules/notify/notify.c"
