/* SPDX-License-Identifier: MIT */
#include "harness/base/file.h"

#include "harness/testing/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(file, reads_what_was_written)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_path(&dir, "a.bin");
	CLEANUP(buf_done) struct buf buf;
	struct why why = {""};

	buf_init(&buf, 100);
	cr_assert_eq(file_write(path, "one\0two", 7, &why), 0, "%s", why.text);
	cr_assert_eq(file_read(path, &buf, &why), 0, "%s", why.text);
	cr_assert_eq(buf.size, 7);
	cr_expect_eq(memcmp(buf.data, "one\0two", 7), 0);
	cr_expect_eq(temp_dir_count(&dir), 1, "no helper file is left");
}

Test(file, replaces_an_old_file)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "a.bin", "a long old content", 18);
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, 100);
	cr_assert_eq(file_write(path, "new", 3, NULL), 0);
	cr_assert_eq(file_read(path, &buf, NULL), 0);
	cr_expect_eq(buf.size, 3);
	cr_expect_eq(temp_dir_count(&dir), 1);
}

Test(file, exactly_the_limit_is_read_and_one_byte_more_is_too_large)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "a.bin", "0123456789", 10);
	CLEANUP(buf_done) struct buf fits;
	CLEANUP(buf_done) struct buf small;
	struct why why = {""};

	buf_init(&fits, 10);
	buf_init(&small, 9);
	cr_expect_eq(file_read(path, &fits, &why), 0, "%s", why.text);
	cr_expect_eq(file_read(path, &small, &why), -EFBIG);
	cr_expect(strstr(why.text, "a.bin: larger than 9 bytes"), "%s", why.text);
}

Test(file, a_missing_file_is_named)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(buf_done) struct buf buf;
	struct why why = {""};

	buf_init(&buf, 10);
	cr_expect_eq(file_read(temp_path(&dir, "none.bin"), &buf, &why), -ENOENT);
	cr_expect(strstr(why.text, "none.bin: No such file"), "%s", why.text);
	cr_expect_eq(file_read(dir.path, &buf, &why), -EISDIR);
	cr_expect_eq(file_write(temp_path(&dir, "none/x.bin"), "x", 1, &why), -ENOENT);
	cr_expect(strstr(why.text, "none/x.bin"), "%s", why.text);
}

Test(file, a_symbolic_link_stays_and_what_it_leads_to_is_replaced)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	CLEANUP(buf_done) struct buf buf;
	const char *path;
	struct stat st;

	buf_init(&buf, 100);
	temp_file_or_fail(&dir, "a.bin", "a long old content", 18);
	path = temp_path(&dir, "link");
	cr_assert_eq(symlink("a.bin", path), 0);
	cr_assert_eq(file_write(path, "new", 3, NULL), 0);
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect(S_ISLNK(st.st_mode));
	cr_assert_eq(file_read(temp_path(&dir, "a.bin"), &buf, NULL), 0);
	cr_expect_eq(buf.size, 3);
}

/* As /dev/stdout of a shell's "> file" is: a name that must not be replaced, and an offset that must go on. */
Test(file, a_redirected_stream_is_appended_to)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_file_or_fail(&dir, "a.bin", "before ", 7);
	CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC);
	CLEANUP(buf_done) struct buf buf;
	char stream[64];

	buf_init(&buf, 100);
	snprintf(stream, sizeof(stream), "/proc/self/fd/%d", fd);
	cr_assert_eq(file_write(stream, "after", 5, NULL), 0);
	cr_assert_eq(file_read(path, &buf, NULL), 0);
	cr_expect_eq(buf.size, 12);
	cr_expect_eq(memcmp(buf.data, "before after", 12), 0);
	cr_expect_eq(temp_dir_count(&dir), 1);
}

Test(file, what_is_no_regular_file_is_written_directly)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_path(&dir, "pipe");
	char got[8] = "";
	struct stat st;
	CLEANUP(close_fd) int fd = -1;

	cr_assert_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_expect_eq(file_write(path, "abc", 3, NULL), 0);
	cr_expect_eq(read(fd, got, sizeof(got)), 3);
	cr_expect_str_eq(got, "abc");
	cr_expect(stat(path, &st) == 0 && S_ISFIFO(st.st_mode), "the FIFO is still there");
}

Test(file, an_empty_file_is_fine)
{
	CLEANUP(temp_dir_done) struct temp_dir dir = temp_dir_or_fail();
	const char *path = temp_path(&dir, "empty");
	CLEANUP(buf_done) struct buf buf;

	buf_init(&buf, 10);
	cr_assert_eq(file_write(path, NULL, 0, NULL), 0);
	cr_assert_eq(file_read(path, &buf, NULL), 0);
	cr_expect_eq(buf.size, 0);
}
