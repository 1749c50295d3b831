/* module_average: the module `average`, whose descriptor gets another name here, because the
 * descriptors of all modules have the same name. */
#define vigil_module_descriptor average_descriptor
#include "../../src/modules/average/average.c"
