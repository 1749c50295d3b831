/* module_average: the module `average` under a name of its own, because each module calls its
 * descriptor the same. */
#define vigil_module_descriptor average_descriptor
#include "../../src/modules/average/average.c"
