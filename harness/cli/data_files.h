/* SPDX-License-Identifier: MIT */
/*
 * The program's data by kind and name: fixtures/boards, images, flashers, scenarios, drivers. Looked for in $DFURIG_DATA/<folder>,
 * where the program is installed, and the source tree that it was built from.
 */
#ifndef DFURIG_CLI_DATA_FILES_H
#define DFURIG_CLI_DATA_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

#define DATA_NAME 49 /* the longest name, with NUL */

/* One kind of data. */
struct data_kind {
	const char *folder;    /* "boards" */
	const char *what;      /* "board", for messages */
	size_t size_max;       /* bytes of one file */
	const char *extension; /* ".yaml" */
};

extern const struct data_kind data_boards, data_images, data_flashers, data_scenarios;
extern const struct data_kind data_drivers; /* INF files of Windows' driver packages */

/* Contains "/" or ends in ".yaml". */
bool data_is_path(const char *name);

/* 1 to 48 lower-case letters, digits, "-" and ".", the first a letter or digit. */
bool data_is_name(const char *name);

struct data_file {
	char path[PATH_MAX]; /* for messages too */
	uint8_t *data;       /* owned */
	size_t size;         /* bytes */
};

/* Reads <name> with the kind's extension, or the file that name is the path of when data_is_path. CLEANUP(data_file_done) on *ret, whatever comes
 * of it. 0; -ENOENT with the names that there are; the errors of file_read. */
MUST_CHECK int data_file_read(
	const struct data_kind *kind, const char *name, struct data_file *ret, struct why *why);
void data_file_done(struct data_file *file);

/* What was asked for by name must have that name inside. 0, or -EBADMSG with why. */
MUST_CHECK int data_check_name(
	const char *asked, const char *path, const char *name, struct why *why);

/* The names of all that data_file_read finds, sorted, each once. */
struct data_names {
	char (*names)[DATA_NAME]; /* owned */
	size_t count;
};

MUST_CHECK int data_names_read(
	const struct data_kind *kind, struct data_names *ret, struct why *why);
void data_names_done(struct data_names *names);

#endif
