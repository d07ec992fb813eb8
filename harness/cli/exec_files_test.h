/* SPDX-License-Identifier: MIT */
/* What the tests of `dfurig exec` share: programs by name, images, and the flash that a run left. */
#ifndef DFURIG_CLI_EXEC_FILES_TEST_H
#define DFURIG_CLI_EXEC_FILES_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/testing/run.h"
#include "harness/testing/temp.h"

#define DFURIG     DFURIG_BUILD "/harness/cli/dfurig"
#define MOCK_PROBE DFURIG_BUILD "/harness/transport/mock/mock_probe"
#define FLASH_SIZE (1u << 20)
#define ERASED     0xff

/* Where a run of a test's files lie; paths are fixed once made, unlike temp_path's. */
struct exec_files {
	struct temp_dir dir;
	char image[300], dump[300], extra[300];
	uint8_t *bytes; /* of the image; owned */
	size_t size;
};

/* A folder with a file of `size` random-looking bytes in it. CLEANUP(exec_files_done). */
static inline struct exec_files exec_files_or_fail(size_t size)
{
	struct exec_files files = {
		.dir = temp_dir_or_fail(), .bytes = malloc(size + 8), .size = size};
	struct rng rng = {.state = size};

	for (size_t i = 0; i < size; i += 8) {
		uint64_t value = rng_u64(&rng);

		memcpy(files.bytes + i, &value, 8);
	}
	snprintf(files.dump, sizeof(files.dump), "%s", temp_path(&files.dir, "flash.bin"));
	snprintf(files.extra, sizeof(files.extra), "%s", temp_path(&files.dir, "extra"));
	snprintf(files.image, sizeof(files.image), "%s",
		temp_file_or_fail(&files.dir, "image.bin", files.bytes, size));
	return files;
}

static inline void exec_files_done(struct exec_files *files)
{
	free(files->bytes);
	temp_dir_done(&files->dir);
}

/* A whole file; CLEANUP(buf_done). */
static inline struct buf content_or_fail(const char *path)
{
	struct buf content;
	struct why why = {""};

	buf_init(&content, 16u << 20);
	cr_assert_eq(file_read(path, &content, &why), 0, "%s", why_text(&why));
	return content;
}

/* The flash that a run dumped is the image at `offset`, and `rest` everywhere else. */
static inline void expect_flash(const struct exec_files *files, size_t offset, uint8_t rest)
{
	CLEANUP(buf_done) struct buf flash = content_or_fail(files->dump);
	size_t others = 0;

	cr_assert_eq(flash.size, FLASH_SIZE);
	cr_expect_arr_eq(flash.data + offset, files->bytes, files->size);
	for (size_t i = 0; i < FLASH_SIZE; i++)
		others += (i < offset || i >= offset + files->size) && flash.data[i] != rest;
	cr_expect_eq(others, 0, "%zu bytes beside the image were changed", others);
}

static inline void expect_text(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "\"%s\" is not in: %s", part, text);
}

/* A script of the shell under the rig; $1 the image, $2 another path, $3 the probe. The flash is dumped. */
static inline struct run run_script_or_fail(const struct exec_files *files, const char *script)
{
	return RUN_OR_FAIL(DFURIG, "exec", "--dump-flash", files->dump, "--", "sh", "-c", script,
		"sh", files->image, files->extra, MOCK_PROBE);
}

#endif
