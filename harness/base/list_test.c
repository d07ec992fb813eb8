/* SPDX-License-Identifier: MIT */
#include "harness/base/list.h"

#include <criterion/criterion.h>

struct item {
	int value;
	struct list link;
};

static int sum_in_order(struct list *head)
{
	int sum = 0;

	list_for_each (node, head)
		sum = sum * 10 + LIST_ENTRY(node, struct item, link)->value;
	return sum;
}

Test(list, keeps_the_order_of_appending)
{
	struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
	struct list head;

	list_init(&head);
	cr_expect(list_empty(&head));
	list_append(&head, &a.link);
	list_append(&head, &b.link);
	list_append(&head, &c.link);
	cr_expect_eq(sum_in_order(&head), 123);
	list_remove(&b.link);
	cr_expect_eq(sum_in_order(&head), 13);
	list_remove(&b.link);
	cr_expect_eq(sum_in_order(&head), 13, "removing twice is harmless");
}

Test(list, may_lose_the_element_at_hand_in_a_safe_walk)
{
	struct item items[4];
	struct list head;

	list_init(&head);
	for (int i = 0; i < 4; i++) {
		items[i].value = i + 1;
		list_append(&head, &items[i].link);
	}
	list_for_each_safe (node, &head)
		if (LIST_ENTRY(node, struct item, link)->value % 2)
			list_remove(node);
	cr_expect_eq(sum_in_order(&head), 24);
}
