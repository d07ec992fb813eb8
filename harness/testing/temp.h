/* SPDX-License-Identifier: MIT */
/* A folder for a test's files that goes away with the test. */
#ifndef DFURIG_TESTING_TEMP_H
#define DFURIG_TESTING_TEMP_H

#include <stddef.h>

struct temp_dir {
	char path[256];
	char scratch[512]; /* the last temp_path */
};

/* Makes an empty folder, or fails the test. CLEANUP(temp_dir_done) on it. */
struct temp_dir temp_dir_or_fail(void);

/* Removes the folder with everything in it. */
void temp_dir_done(struct temp_dir *dir);

/* The path of a file in it; borrowed until the next call. */
const char *temp_path(struct temp_dir *dir, const char *name);

/* Writes a file and gives its path, or fails the test. */
const char *temp_file_or_fail(
	struct temp_dir *dir, const char *name, const void *data, size_t size);

/* How many entries the folder has. */
size_t temp_dir_count(const struct temp_dir *dir);

#endif
