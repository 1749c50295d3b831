#!/bin/bash
# What the start of a child process costs the loop, compared with a plain posix_spawn (children.c).
# BENCH_FORM=short measures less.
rounds=40
[ "${BENCH_FORM:-}" != short ] || rounds=3
"$top_builddir/tests/bench/children" $rounds || exit
cat <<'END'
# children cpu_us is over 1.3: the plain program gets no report of output and waits in waitpid.  Such
# reports need a pipe, a pidfd and a wake-up more (cpu_to_bare_poll_us compares with a program that has
# these, too), and six sevenths of that are in the kernel.  pidfd_spawn (glibc 2.39) saves one call of ten.
END
