/* check_memory: what cannot be had ends the process, after its last words. */
#include "memory.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(what_can_be_had_is_given)
{
	char *text = memory_format("%s-%d", "ab", 7);
	int *numbers = memory_zero(3 * sizeof(*numbers));

	ck_assert_str_eq(text, "ab-7");
	ck_assert_int_eq(numbers[0] | numbers[1] | numbers[2], 0);
	numbers[2] = 9;
	numbers = memory_grow(numbers, 300, sizeof(*numbers));
	ck_assert_int_eq(numbers[2], 9);
	ck_assert_ptr_null(memory_text(NULL));
	free(text);
	text = memory_text("word");
	ck_assert_str_eq(text, "word");
	free(text);
	free(numbers);
	numbers = memory_zero(0);
	ck_assert_ptr_nonnull(numbers);
	free(numbers);
}
END_TEST

/* Sanitizers have an allocator of their own, which ends the process its own way. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 1
#endif
#endif

#ifndef OWN_ALLOCATOR
static void last_words(void *arg)
{
	char *text = memory_format("%050000d", 0); /* from what was put by */

	if (write(*(int *)arg, text + 49998, 2) != 2)
		_exit(1);
	memory_grow(NULL, SIZE_MAX / 2, 1); /* and no second round of them */
}

/* In a process of its own, which uses up all the memory it may have. */
static void run_out(int to)
{
	const struct rlimit little = {256 << 20, 256 << 20};

	memory_on_end(last_words, &to);
	while (setrlimit(RLIMIT_AS, &little) == 0)
		memory_zero(4096);
}

START_TEST(without_memory_it_ends_after_its_last_words)
{
	char said[3] = "";
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		run_out(fds[1]), _exit(1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 70);
	ck_assert_int_eq(read(fds[0], said, 2), 2);
	ck_assert_str_eq(said, "00");
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, what_can_be_had_is_given);
#ifndef OWN_ALLOCATOR
	tcase_add_test(tcase, without_memory_it_ends_after_its_last_words);
#endif
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
