/* check_addresses: each address of a name is tried, and the one that answered is used again. */
#include "modules/icinga/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct addresses addresses;

static void setup(void)
{
	memset(&addresses, 0, sizeof(addresses));
}

/* Sets the addresses that the resolver returns. */
static size_t set(const char *const *texts)
{
	struct addrinfo *info = NULL, *one, **end = &info;
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	size_t count;

	for (; *texts != NULL; texts++) {
		ck_assert_int_eq(getaddrinfo(*texts, NULL, &hints, &one), 0);
		*end = one;
		end = &one->ai_next;
	}
	count = addresses_set(&addresses, info, 5665);
	while ((one = info) != NULL) {
		info = one->ai_next;
		one->ai_next = NULL;
		freeaddrinfo(one);
	}
	return count;
}

static const char *const three[] = {"::1", "127.0.0.1", "127.0.0.2", NULL};

static void picks(const char *text)
{
	const struct address *address = addresses_pick(&addresses);

	ck_assert_ptr_nonnull(address);
	ck_assert_str_eq(address->text, text);
}

START_TEST(without_addresses_none_is_picked)
{
	char summary[ADDRESSES_SUMMARY];

	ck_assert_ptr_null(addresses_pick(&addresses));
	ck_assert_str_eq(addresses_summary(&addresses, summary), "");
	ck_assert(!addresses_failed(&addresses, "127.0.0.1:5665", "refused"));
	ck_assert_uint_eq(addresses_set(&addresses, NULL, 5665), 0);
}
END_TEST

START_TEST(every_address_is_tried)
{
	char summary[ADDRESSES_SUMMARY];

	ck_assert_uint_eq(set(three), 3);
	picks("[::1]:5665");
	ck_assert_str_eq(addresses_pick(&addresses)->host, "::1");
	ck_assert_int_eq(addresses_pick(&addresses)->family, AF_INET6);
	ck_assert(addresses_failed(&addresses, "[::1]:5665", "refused"));
	picks("127.0.0.1:5665");
	ck_assert(addresses_failed(&addresses, "127.0.0.1:5665", "no answer"));
	picks("127.0.0.2:5665");
	ck_assert_str_eq(addresses_summary(&addresses, summary),
		"[::1]:5665: refused; 127.0.0.1:5665: no answer");
	ck_assert(!addresses_failed(&addresses, "127.0.0.2:5665", "broke"));
	ck_assert_str_eq(addresses_summary(&addresses, summary),
		"[::1]:5665: refused; 127.0.0.1:5665: no answer; 127.0.0.2:5665: broke");
	picks("[::1]:5665"); /* a new round */
}
END_TEST

START_TEST(the_address_that_answered_is_tried_first)
{
	set(three);
	ck_assert(addresses_failed(&addresses, "[::1]:5665", "refused"));
	addresses_worked(&addresses, "127.0.0.1:5665");
	picks("127.0.0.1:5665");
	ck_assert(addresses_failed(&addresses, "127.0.0.1:5665", "refused"));
	picks("[::1]:5665");
}
END_TEST

/* Name servers return the addresses in a different order each time. */
START_TEST(the_order_of_the_addresses_may_change)
{
	static const char *const other[] = {"127.0.0.2", "127.0.0.1", "127.0.0.2", "::1", NULL};

	set(three);
	ck_assert(addresses_failed(&addresses, "[::1]:5665", "refused"));
	ck_assert_uint_eq(set(other), 3);
	picks("127.0.0.2:5665");
	ck_assert(addresses_failed(&addresses, "127.0.0.2:5665", "refused"));
	ck_assert_uint_eq(set(three), 3);
	picks("127.0.0.1:5665");
	ck_assert(!addresses_failed(&addresses, "127.0.0.1:5665", "refused"));
}
END_TEST

START_TEST(an_address_may_disappear)
{
	static const char *const one[] = {"127.0.0.9", NULL};

	set(three);
	addresses_worked(&addresses, "127.0.0.2:5665");
	set(one);
	picks("127.0.0.9:5665");
	ck_assert(addresses_failed(&addresses, "127.0.0.2:5665", "gone"));
	ck_assert(!addresses_failed(&addresses, "127.0.0.9:5665", "refused"));
	picks("127.0.0.9:5665");
}
END_TEST

START_TEST(more_addresses_than_can_be_stored_are_dropped)
{
	const char *texts[40] = {0};
	char numbers[39][16];

	for (int i = 0; i < 39; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "127.0.1.%d", i);
		texts[i] = numbers[i];
	}
	ck_assert_uint_eq(set(texts), ADDRESSES_MAX);
}
END_TEST

SUITE("addresses", setup, NULL)
{
	TEST(without_addresses_none_is_picked);
	TEST(every_address_is_tried);
	TEST(the_address_that_answered_is_tried_first);
	TEST(the_order_of_the_addresses_may_change);
	TEST(an_address_may_disappear);
	TEST(more_addresses_than_can_be_stored_are_dropped);
}
