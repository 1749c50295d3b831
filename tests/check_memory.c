/* check_memory: never NULL; and where there is none, last words and a clean end. */
#include "base/memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

/* A sanitizer's allocator does not run out as the C library's does. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR
#endif
#endif

#define ENDED 70 /* EX_SOFTWARE: a service manager starts it afresh */

/* More than any machine has, in a way that the compiler does not see through. */
static volatile size_t too_much = SIZE_MAX / 4;

/* A sanitizer's allocator has to be asked to fail as others do. */
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

	dup2(null, STDERR_FILENO); /* what it says as it ends is not for the log of the tests */
	close(null);
}

START_TEST(small_things_are_there)
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

START_TEST(what_a_peer_wants_is_refused)
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
	ck_assert_ptr_null(memory_library_alloc(1)); /* the outer one has not ended */
	ck_assert(memory_untrusted_end());
	ck_assert(memory_ahead(4096));
	ck_assert(!memory_ahead(too_much));
	free(small);
}
END_TEST

START_TEST(no_memory_is_the_end)
{
	memory_zero(too_much);
	ck_abort_msg("there was so much");
}
END_TEST

/* A product that overflows is not a small allocation. */
START_TEST(a_product_that_overflows_is_no_memory)
{
	static void *volatile old; /* there to the end, which comes in mid-call */

	old = memory_zero(8);
	memory_grow(old, too_much, 16);
	ck_abort_msg("there was so much");
}
END_TEST

static void speak(void *arg, const char *why)
{
	*(int *)arg = 1;
	_exit(strcmp(why, "out of memory") == 0 ? 33
						: 1); /* seen from outside: these were spoken */
}

START_TEST(there_are_last_words)
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

START_TEST(last_words_that_want_memory_are_cut_short)
{
	memory_on_end(want_more, NULL);
	memory_zero(too_much);
}
END_TEST

/* The function that saves the state uses a library, and so an untrusted section of its own. */
static void use_library(void *arg, const char *why)
{
	void *block;

	memory_untrusted_begin();
	block = memory_library_alloc(100);
	_exit(block != NULL && !memory_untrusted_end() ? 35 : 1);
}

START_TEST(last_words_have_memory_when_a_peers_request_took_it)
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

/* All the memory there is, as a list of blocks that free_all() gives back.  Each small size is
 * asked for, because malloc keeps freed blocks of it apart. */
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

/* Nothing is asserted while memory is short: Check would end the test. */
START_TEST(the_core_has_memory_after_a_peer_took_all)
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
	block = memory_library_alloc(100); /* there is room, but it is the core's */
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
	TEST(small_things_are_there);
	TEST(what_a_peer_wants_is_refused);
	EXIT_TEST(no_memory_is_the_end, ENDED);
	EXIT_TEST(a_product_that_overflows_is_no_memory, ENDED);
	EXIT_TEST(there_are_last_words, 33);
	EXIT_TEST(last_words_that_want_memory_are_cut_short, ENDED);
	EXIT_TEST(last_words_have_memory_when_a_peers_request_took_it, 35);
#ifndef OWN_ALLOCATOR
	TEST(the_core_has_memory_after_a_peer_took_all);
#endif
}
