/*
 * check_memory: allocations never return NULL, and a process without memory ends in an orderly way.
 */
#include "base/memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

/* The allocators of sanitizers do not fail as the one of the C library does. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR
#endif
#endif

#define ENDED 70 /* EX_SOFTWARE: a service manager restarts vigild */

/* More than any machine has; volatile, so that the compiler does not know the value. */
static volatile size_t too_much = SIZE_MAX / 2 + 1;

/* Makes the allocators of sanitizers return NULL. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void setup(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO); /* its last message is not for the test log */
	close(null);
}

START_TEST(allocations_return_memory)
{
	char *text, *zeroed = memory_zero(1000);
	int *numbers = NULL;

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(zeroed[i], 0);
	free(zeroed);
	zeroed = memory_zero(0);
	ck_assert_ptr_nonnull(zeroed);
	free(zeroed);
	ck_assert_ptr_null(memory_text(NULL));
	text = memory_text("");
	ck_assert_str_eq(text, "");
	free(text);
	text = memory_format("%s-%05d", "x", 42);
	ck_assert_str_eq(text, "x-00042");
	free(text);
	for (int i = 0; i < 100; i++) {
		numbers = memory_grow(numbers, (size_t)i + 1, sizeof(*numbers));
		numbers[i] = i;
	}
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(numbers[i], i);
	numbers = memory_grow(numbers, 0, sizeof(*numbers));
	ck_assert_ptr_nonnull(numbers);
	free(numbers);
}
END_TEST

START_TEST(a_large_untrusted_allocation_is_refused)
{
	void *small = memory_library_alloc(1);

	ck_assert_ptr_nonnull(small);
	ck_assert_ptr_null(memory_library_alloc(too_much));
	ck_assert_ptr_null(memory_library_grow(small, too_much));
	memory_untrusted_begin();
	small = memory_library_grow(small, 2);
	ck_assert_ptr_nonnull(small);
	ck_assert(!memory_untrusted_end());
	memory_untrusted_begin();
	ck_assert_ptr_null(memory_library_alloc(too_much));
	ck_assert(memory_untrusted_end());
	memory_untrusted_begin();
	memory_untrusted_begin();
	ck_assert_ptr_null(memory_library_alloc(too_much));
	ck_assert(memory_untrusted_end());
	ck_assert_ptr_null(memory_library_alloc(1)); /* the outer section has not ended */
	ck_assert(memory_untrusted_end());
	ck_assert(memory_ahead(4096));
	ck_assert(!memory_ahead(too_much));
	free(small);
}
END_TEST

START_TEST(a_failed_allocation_ends_the_process)
{
	memory_zero(too_much);
	ck_abort_msg("there was so much");
}
END_TEST

/* A product that overflows is not a small allocation. */
START_TEST(a_size_that_overflows_ends_the_process)
{
	static void *volatile old; /* still referenced when the process ends */

	old = memory_zero(8);
	memory_grow(old, too_much, 16);
	ck_abort_msg("there was so much");
}
END_TEST

static void speak(void *arg, const char *why)
{
	*(int *)arg = 1;
	_exit(strcmp(why, "out of memory") == 0 ? 33 : 1); /* tells the test that it ran */
}

START_TEST(the_last_function_is_called)
{
	int spoken = 0;

	memory_on_end(speak, &spoken);
	memory_zero(too_much);
}
END_TEST

static void want_more(void *arg, const char *why)
{
	memory_zero(too_much);
	_exit(34);
}

START_TEST(a_failed_allocation_in_the_last_function_ends_the_process)
{
	memory_on_end(want_more, NULL);
	memory_zero(too_much);
}
END_TEST

/* The function that saves the state uses a library, and therefore its own untrusted section. */
static void use_library(void *arg, const char *why)
{
	void *block;

	memory_untrusted_begin();
	block = memory_library_alloc(100);
	_exit(block != NULL && !memory_untrusted_end() ? 35 : 1);
}

START_TEST(the_last_function_has_memory_if_an_untrusted_request_took_it)
{
	memory_on_end(use_library, NULL);
	memory_untrusted_begin();
	ck_assert_ptr_null(memory_library_alloc(too_much));
	memory_zero(too_much);
}
END_TEST

#ifndef OWN_ALLOCATOR
static void ignore(void *arg, const char *why)
{
}

/* Allocates all memory, and returns a list of blocks for free_all(). Each small size is requested,
 * because malloc has separate lists of freed blocks. */
static void **take_all(void)
{
	void **blocks = NULL;

	for (size_t size = 1024 * 1024; size >= sizeof(void *);
		size -= size > 2048 ? size / 2 : 8) {
		void **block;

		while ((block = malloc(size)) != NULL) {
			*block = blocks;
			blocks = block;
		}
	}
	return blocks;
}

static void free_all(void **blocks)
{
	while (blocks != NULL) {
		void **next = *blocks;

		free(blocks);
		blocks = next;
	}
}

/* Nothing is asserted while there is no memory, because a failed assertion needs memory. */
START_TEST(the_core_has_memory_after_an_untrusted_request_took_all)
{
	const struct rlimit little = {64 * 1024 * 1024, 64 * 1024 * 1024};
	bool refused, refused_again;
	void *block, **blocks;

	memory_on_end(ignore, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_DATA, &little), 0);
	blocks = take_all();
	memory_untrusted_begin();
	block = memory_library_alloc(100);
	refused = memory_untrusted_end() && block == NULL;
	free(memory_zero(100)); /* without the spare block the process would end here */
	memory_untrusted_begin();
	block = memory_library_alloc(100); /* the memory is reserved for the core */
	refused_again = memory_untrusted_end() && block == NULL;
	free_all(blocks);
	ck_assert(refused);
	ck_assert(refused_again);
	memory_untrusted_begin();
	block = memory_library_alloc(100);
	ck_assert_ptr_nonnull(block);
	ck_assert(!memory_untrusted_end());
	free(block);
	memory_on_end(NULL, NULL);
}
END_TEST
#endif

SUITE("memory", setup, NULL)
{
	TEST(allocations_return_memory);
	TEST(a_large_untrusted_allocation_is_refused);
	EXIT_TEST(a_failed_allocation_ends_the_process, ENDED);
	EXIT_TEST(a_size_that_overflows_ends_the_process, ENDED);
	EXIT_TEST(the_last_function_is_called, 33);
	EXIT_TEST(a_failed_allocation_in_the_last_function_ends_the_process, ENDED);
	EXIT_TEST(the_last_function_has_memory_if_an_untrusted_request_took_it, 35);
#ifndef OWN_ALLOCATOR
	TEST(the_core_has_memory_after_an_untrusted_request_took_all);
#endif
}
