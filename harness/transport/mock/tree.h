/* SPDX-License-Identifier: MIT */
/*
 * A file tree in memory: what programs under the mock find below /sys, /dev and /run.
 *
 * Paths are absolute. Folders above a new entry come into being as "transparent" ones: the mock shows their entries
 * beside those of the real folder. A folder made with tree_add_dir is complete: the real one is hidden.
 */
#ifndef DFURIG_TRANSPORT_MOCK_TREE_H
#define DFURIG_TRANSPORT_MOCK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/attr.h"
#include "harness/base/list.h"
#include "harness/transport/mock/protocol.h"

struct tree;

struct tree_node {
	struct list link;     /* in the parent's children */
	struct list children; /* of a folder, in order of creation */
	struct tree_node *parent;
	char *name;
	enum mock_file_type type;
	bool transparent;
	mode_t mode; /* permission bits */
	uint64_t ino;
	uint32_t major, minor;
	uint8_t *data; /* content of a file, target of a link (with NUL) */
	size_t size;   /* without that NUL */
};

struct tree *tree_new(void); /* NULL: out of memory */
void tree_free(struct tree *tree);

/* An entry that exists already is replaced. 0 or -ENOMEM. */
MUST_CHECK int tree_add_dir(struct tree *tree, const char *path);
MUST_CHECK int tree_add_file(struct tree *tree, const char *path, const void *data, size_t size);
MUST_CHECK int tree_add_text(struct tree *tree, const char *path, const char *fmt, ...)
	PRINTF(3, 4);
MUST_CHECK int tree_add_link(struct tree *tree, const char *path, const char *target);
MUST_CHECK int tree_add_device(
	struct tree *tree, const char *path, uint32_t major, uint32_t minor, mode_t mode);

/* With everything below it. Harmless when there is none. Links are not followed. */
void tree_remove(struct tree *tree, const char *path);

/*
 * Walks a path as the kernel does: links and ".." are physical; follow says whether a link at the end is followed.
 * *ret is borrowed until the tree changes. Returns 0; -ENOENT: ours and missing; -ENXIO: not ours, ask the real
 * system; -ELOOP; -ENOTDIR.
 */
MUST_CHECK int tree_lookup(
	struct tree *tree, const char *path, bool follow, const struct tree_node **ret);

/* Writes the node's path; -ENAMETOOLONG. */
MUST_CHECK int tree_path(const struct tree_node *node, char *ret_path, size_t room);

#endif
