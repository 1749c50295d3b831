#!/bin/bash
# What a child costs the loop, against a bare posix_spawn (children.c).  BENCH_FORM=short takes a
# moment.
rounds=40
[ "${BENCH_FORM:-}" != short ] || rounds=3
"$top_builddir/tests/bench/children" $rounds || exit
cat <<'END'
# children cpu_us is over 1.3: the bare one is not told of output and waits in waitpid.  Being told
# takes a pipe, a pidfd and a wake-up more (cpu_to_bare_poll_us is against the least of that), six
# sevenths of it in the kernel.  pidfd_spawn (glibc 2.39) saves one call of ten.
END
