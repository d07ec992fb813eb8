/* SPDX-License-Identifier: MIT */
#include "harness/transport/mock/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

struct tree {
	struct tree_node *root;
	uint64_t last_ino;
};

static void node_free(struct tree_node *node)
{
	list_remove(&node->link);
	while (!list_empty(&node->children))
		node_free(LIST_ENTRY(node->children.next, struct tree_node, link));
	free(node->name);
	free(node->data);
	free(node);
}

static struct tree_node *node_new(
	struct tree *tree, struct tree_node *parent, const char *name, size_t length)
{
	struct tree_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->name = strndup(name, length);
	if (!node->name) {
		free(node);
		return NULL;
	}
	list_init(&node->link);
	list_init(&node->children);
	node->parent = parent ? parent : node;
	node->type = MOCK_FILE_DIR;
	node->transparent = true;
	node->mode = 0755;
	node->ino = ++tree->last_ino;
	if (parent)
		list_append(&parent->children, &node->link);
	return node;
}

struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->root = node_new(tree, NULL, "", 0);
	if (!tree->root) {
		free(tree);
		return NULL;
	}
	return tree;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	node_free(tree->root);
	free(tree);
}

static struct tree_node *find_child(const struct tree_node *dir, const char *name, size_t length)
{
	list_for_each (link, (struct list *)&dir->children) {
		struct tree_node *node = LIST_ENTRY(link, struct tree_node, link);

		if (strlen(node->name) == length && memcmp(node->name, name, length) == 0)
			return node;
	}
	return NULL;
}

/* Goes to the next component: its length, 0 at the end; *path is moved onto it. */
static size_t component(const char **path)
{
	while (**path == '/')
		++*path;
	return strcspn(*path, "/");
}

/* The node at path, made with all above it when it is not there. NULL: out of memory. */
static struct tree_node *make_node(struct tree *tree, const char *path)
{
	struct tree_node *at = tree->root;
	size_t length;

	while ((length = component(&path))) {
		struct tree_node *child = find_child(at, path, length);

		at = child ? child : node_new(tree, at, path, length);
		if (!at)
			return NULL;
		path += length;
	}
	return at;
}

int tree_add_dir(struct tree *tree, const char *path)
{
	struct tree_node *node = make_node(tree, path);

	if (!node)
		return -ENOMEM;
	node->transparent = false;
	return 0;
}

static int add_data(struct tree *tree, const char *path, enum mock_file_type type, const void *data,
	size_t size)
{
	struct tree_node *node = make_node(tree, path);
	uint8_t *copy = malloc(size + 1);

	if (!node || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, data, size);
	copy[size] = 0;
	free(node->data);
	node->data = copy;
	node->size = size;
	node->type = type;
	node->transparent = false;
	node->mode = type == MOCK_FILE_LINK ? 0777 : 0444;
	return 0;
}

int tree_add_file(struct tree *tree, const char *path, const void *data, size_t size)
{
	return add_data(tree, path, MOCK_FILE_REGULAR, data, size);
}

int tree_add_text(struct tree *tree, const char *path, const char *fmt, ...)
{
	char *text;
	va_list args;
	int n, r;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	r = tree_add_file(tree, path, text, (size_t)n);
	free(text);
	return r;
}

int tree_add_link(struct tree *tree, const char *path, const char *target)
{
	return add_data(tree, path, MOCK_FILE_LINK, target, strlen(target));
}

int tree_add_device(
	struct tree *tree, const char *path, uint32_t major, uint32_t minor, mode_t mode)
{
	struct tree_node *node = make_node(tree, path);

	if (!node)
		return -ENOMEM;
	node->type = MOCK_FILE_DEVICE;
	node->transparent = false;
	node->major = major;
	node->minor = minor;
	node->mode = mode;
	return 0;
}

void tree_remove(struct tree *tree, const char *path)
{
	struct tree_node *at = tree->root;
	size_t length;

	while (at && (length = component(&path))) {
		at = find_child(at, path, length);
		path += length;
	}
	if (at && at != tree->root)
		node_free(at);
}

struct walk {
	char rest[2 * MOCK_PATH_MAX]; /* what is still to be walked */
	unsigned int links;
};

/* Puts the link's target in front of what is left. */
static int follow_link(struct walk *walk, const struct tree_node *link, const char *rest)
{
	char joined[sizeof(walk->rest)];

	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (snprintf(joined, sizeof(joined), "%s/%s", (const char *)link->data, rest) >=
		(int)sizeof(joined))
		return -ENAMETOOLONG;
	memcpy(walk->rest, joined, sizeof(joined));
	return 0;
}

static bool hides(const struct tree_node *dir, const char *name)
{
	char path[MOCK_PATH_MAX];

	return tree_path(dir, path, sizeof(path)) == 0 && mock_hides(path, name);
}

/* One component from `at`: the node, or why not. */
static int step(const struct tree_node *at, const char *name, size_t length, struct tree_node **ret)
{
	struct tree_node *child;

	if (at->type != MOCK_FILE_DIR)
		return -ENOTDIR;
	if (length == 1 && name[0] == '.')
		child = (struct tree_node *)at;
	else if (length == 2 && memcmp(name, "..", 2) == 0)
		child = at->parent;
	else
		child = find_child(at, name, length);
	if (!child)
		return at->transparent && !hides(at, name) ? -ENXIO : -ENOENT;
	*ret = child;
	return 0;
}

int tree_lookup(struct tree *tree, const char *path, bool follow, const struct tree_node **ret)
{
	struct walk walk = {.links = 0};
	const char *rest = walk.rest;
	struct tree_node *at = tree->root, *node;
	size_t length;
	int r;

	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= MOCK_PATH_MAX)
		return -ENAMETOOLONG;
	while ((length = component(&rest))) {
		r = step(at, rest, length, &node);
		if (r < 0)
			return r;
		rest += length;
		if (node->type == MOCK_FILE_LINK && (follow || *rest)) {
			at = node->data[0] == '/' ? tree->root : at;
			r = follow_link(&walk, node, rest);
			if (r < 0)
				return r;
			rest = walk.rest;
		} else {
			at = node;
		}
	}
	*ret = at;
	return 0;
}

int tree_path(const struct tree_node *node, char *ret_path, size_t room)
{
	char path[MOCK_PATH_MAX];
	size_t at = sizeof(path) - 1;

	path[at] = '\0';
	/* The root is its own parent. */
	for (; node && node->parent != node; node = node->parent) {
		size_t length = strlen(node->name);

		if (length + 1 > at)
			return -ENAMETOOLONG;
		at -= length + 1;
		path[at] = '/';
		memcpy(path + at + 1, node->name, length);
	}
	if (at == sizeof(path) - 1)
		path[--at] = '/';
	if (sizeof(path) - at > room)
		return -ENAMETOOLONG;
	memcpy(ret_path, path + at, sizeof(path) - at);
	return 0;
}
