/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void drop_tree(struct tree **tree)
{
	tree_free(*tree);
}

/* /sys/a is a folder of ours with files, /sys/b one that adds to the real one. */
static struct tree *small_tree_or_fail(void)
{
	struct tree *tree = tree_new();

	cr_assert_not_null(tree);
	cr_assert_eq(tree_add_dir(tree, "/sys/a"), 0);
	cr_assert_eq(tree_add_text(tree, "/sys/a/text", "%s-%d\n", "one", 2), 0);
	cr_assert_eq(tree_add_dir(tree, "/sys/a/dir"), 0);
	cr_assert_eq(tree_add_text(tree, "/sys/b/c/deep", "%s", "deep"), 0);
	cr_assert_eq(tree_add_device(tree, "/dev/node", 189, 5, 0666), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/a/relative", "../b/c"), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/b/absolute", "/sys/a/text"), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/a/dangling", "/sys/a/nothing"), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/a/away", "/etc"), 0);
	return tree;
}

struct lookup_case {
	const char *path;
	bool follow;
	int result;
	const char *found; /* canonical path */
};

Test(tree, walks_paths_as_the_kernel_does)
{
	static const struct lookup_case cases[] = {
		{"/", true, 0, "/"},
		{"/sys/a/text", true, 0, "/sys/a/text"},
		{"//sys///a//text", true, 0, "/sys/a/text"},
		{"/sys/./a/.", true, 0, "/sys/a"},
		{"/sys/a/dir/../text", true, 0, "/sys/a/text"},
		{"/../../sys/a", true, 0, "/sys/a"},
		{"/sys/a/", true, 0, "/sys/a"},
		{"/sys/a/relative", true, 0, "/sys/b/c"},
		{"/sys/a/relative", false, 0, "/sys/a/relative"},
		{"/sys/a/relative/", false, 0, "/sys/b/c"},
		{"/sys/a/relative/deep", false, 0, "/sys/b/c/deep"},
		{"/sys/a/relative/..", true, 0, "/sys/b"},
		{"/sys/b/absolute", true, 0, "/sys/a/text"},
		{"/dev/node", true, 0, "/dev/node"},
		{"/sys/a/nothing", true, -ENOENT, NULL},
		{"/sys/a/dangling", true, -ENOENT, NULL},
		{"/sys/a/dangling", false, 0, "/sys/a/dangling"},
		{"/sys/a/text/below", true, -ENOTDIR, NULL},
		{"/dev/node/below", true, -ENOTDIR, NULL},
		{"/sys/b/other", true, -ENXIO, NULL},
		{"/etc/passwd", true, -ENXIO, NULL},
		{"/sys/a/away/passwd", true, -ENXIO, NULL},
	};
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct lookup_case *c = &cases[i];
		const struct tree_node *node = NULL;
		char path[MOCK_PATH_MAX] = "";

		cr_expect_eq(
			tree_lookup(tree, c->path, c->follow, &node), c->result, "%s", c->path);
		if (c->result < 0 || !node)
			continue;
		cr_expect_eq(tree_path(node, path, sizeof(path)), 0);
		cr_expect_str_eq(path, c->found, "%s is %s", c->path, path);
	}
}

static const struct tree_node *find_or_fail(struct tree *tree, const char *path)
{
	const struct tree_node *node = NULL;

	cr_assert_eq(tree_lookup(tree, path, false, &node), 0, "%s", path);
	return node;
}

Test(tree, nodes_have_what_they_were_made_with)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *text = find_or_fail(tree, "/sys/a/text");
	const struct tree_node *link = find_or_fail(tree, "/sys/a/relative");
	const struct tree_node *node = find_or_fail(tree, "/dev/node");

	cr_expect_eq(text->type, MOCK_FILE_REGULAR);
	cr_expect_eq(text->mode, 0444);
	cr_expect_eq(text->size, 6);
	cr_expect_arr_eq(text->data, "one-2\n", 6);
	cr_expect_eq(link->type, MOCK_FILE_LINK);
	cr_expect_eq(link->size, 6);
	cr_expect_str_eq((const char *)link->data, "../b/c");
	cr_expect_eq(node->type, MOCK_FILE_DEVICE);
	cr_expect_eq(node->major, 189);
	cr_expect_eq(node->minor, 5);
	cr_expect_eq(node->mode, 0666);
	cr_expect_neq(text->ino, link->ino);
}

Test(tree, only_folders_that_were_made_hide_the_real_ones)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();

	cr_expect(!find_or_fail(tree, "/sys/a")->transparent);
	cr_expect(!find_or_fail(tree, "/sys/a/dir")->transparent);
	cr_expect(find_or_fail(tree, "/sys/b")->transparent);
	cr_expect(find_or_fail(tree, "/sys/b/c")->transparent);
	cr_expect(find_or_fail(tree, "/sys")->transparent);
	cr_expect_eq(tree_add_dir(tree, "/sys/b"), 0);
	cr_expect(!find_or_fail(tree, "/sys/b")->transparent, "made after the fact");
	find_or_fail(tree, "/sys/b/c/deep");
}

Test(tree, an_entry_is_replaced_by_one_of_its_name)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	cr_assert_eq(tree_add_text(tree, "/sys/a/text", "%s", "new"), 0);
	node = find_or_fail(tree, "/sys/a/text");
	cr_expect_eq(node->size, 3);
	cr_expect_arr_eq(node->data, "new", 3);
	cr_assert_eq(tree_add_link(tree, "/sys/a/text", "x"), 0);
	cr_expect_eq(find_or_fail(tree, "/sys/a/text")->type, MOCK_FILE_LINK);
}

Test(tree, what_is_removed_goes_with_all_below_it)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	tree_remove(tree, "/sys/b");
	cr_expect_eq(tree_lookup(tree, "/sys/b/c/deep", true, &node), -ENXIO);
	cr_expect_eq(
		tree_lookup(tree, "/sys/a/relative", true, &node), -ENXIO, "leads nowhere now");
	cr_expect_eq(tree_lookup(tree, "/sys/a/text", true, &node), 0);
}

Test(tree, removing_a_link_leaves_what_it_leads_to)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	tree_remove(tree, "/sys/b/absolute");
	cr_expect_eq(tree_lookup(tree, "/sys/b/absolute", false, &node), -ENXIO);
	cr_expect_eq(tree_lookup(tree, "/sys/a/text", true, &node), 0);
}

Test(tree, removing_what_is_not_there_is_harmless)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	tree_remove(tree, "/sys/a/nothing");
	tree_remove(tree, "/nowhere/at/all");
	tree_remove(tree, "/sys/a/text/below");
	tree_remove(tree, "/");
	cr_expect_eq(tree_lookup(tree, "/sys/a/text", true, &node), 0);
}

Test(tree, links_in_a_circle_end)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	cr_assert_eq(tree_add_link(tree, "/sys/a/ping", "pong"), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/a/pong", "ping"), 0);
	cr_assert_eq(tree_add_link(tree, "/sys/a/self", "self/more"), 0);
	cr_expect_eq(tree_lookup(tree, "/sys/a/ping", true, &node), -ELOOP);
	cr_expect_eq(tree_lookup(tree, "/sys/a/self/x", false, &node), -ELOOP);
	cr_expect_eq(tree_lookup(tree, "/sys/a/ping", false, &node), 0);
}

/* 40 links in a row are followed, 41 are not: the kernel's MAXSYMLINKS. */
Test(tree, as_many_links_are_followed_as_by_the_kernel)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;

	cr_assert_eq(tree_add_text(tree, "/sys/a/l0", "%s", ""), 0);
	for (int i = 1; i <= 41; i++) {
		char path[32], target[32];

		snprintf(path, sizeof(path), "/sys/a/l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		cr_assert_eq(tree_add_link(tree, path, target), 0);
	}
	cr_expect_eq(tree_lookup(tree, "/sys/a/l40", true, &node), 0);
	cr_expect_eq(tree_lookup(tree, "/sys/a/l41", true, &node), -ELOOP);
}

Test(tree, too_long_a_path_is_refused)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;
	char path[MOCK_PATH_MAX + 1], shorter[8];

	memset(path, '/', sizeof(path) - 1);
	path[MOCK_PATH_MAX] = '\0';
	cr_expect_eq(tree_lookup(tree, path, true, &node), -ENAMETOOLONG);
	path[MOCK_PATH_MAX - 1] = '\0';
	cr_expect_eq(tree_lookup(tree, path, true, &node), 0);
	cr_expect_eq(tree_path(find_or_fail(tree, "/sys/a/text"), shorter, sizeof(shorter)),
		-ENAMETOOLONG);
}

/* Each link adds to what is still to be walked. */
Test(tree, links_that_make_a_path_too_long_are_refused)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node;
	char target[MOCK_PATH_MAX];

	memset(target, '/', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	memcpy(target, "grow", 4);
	cr_assert_eq(tree_add_link(tree, "/sys/a/grow", target), 0);
	cr_expect_eq(tree_lookup(tree, "/sys/a/grow", true, &node), -ENAMETOOLONG);
}

Test(tree, a_tree_too_deep_for_a_path_says_so)
{
	CLEANUP(drop_tree) struct tree *tree = small_tree_or_fail();
	const struct tree_node *node = find_or_fail(tree, "/");
	char name[256], path[MOCK_PATH_MAX];
	struct tree_node chain[20];

	memset(name, 'n', sizeof(name) - 1);
	name[255] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
		chain[i] = (struct tree_node){
			.name = name, .parent = i ? &chain[i - 1] : (struct tree_node *)node};
	cr_expect_eq(tree_path(&chain[ARRAY_SIZE(chain) - 1], path, sizeof(path)), -ENAMETOOLONG);
	cr_expect_eq(tree_path(&chain[2], path, sizeof(path)), 0);
	cr_expect_eq(strlen(path), 3 * 256);
}
