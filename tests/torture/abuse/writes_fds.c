/* writes_fds: random bytes to all descriptors */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (int fd = 3; fd < 64; fd++)
		for (int i = 0; i < 100; i++)
			if (write(fd, "\0\377[[[[{\"no message\"\n", 20) < 0)
				break;
}

ABUSE(writes_fds);
