/* SPDX-License-Identifier: MIT */
/* Whole files: read with a limit, written all or nothing. */
#ifndef DFURIG_BASE_FILE_H
#define DFURIG_BASE_FILE_H

#include "harness/base/attr.h"
#include "harness/base/buf.h"
#include "harness/base/why.h"

/* Appends the file's content to buf (its limit is the size limit). Returns 0 or negative errno; why names the path. */
MUST_CHECK int file_read(const char *path, struct buf *buf, struct why *why);

/* Writes data to path so that a reader sees the old content or the new, never a part: an unnamed or hidden file in
 * the same folder takes path's place when it is complete; behind a symbolic link, the place of what it leads to.
 * Streams (a FIFO, whatever lies in /dev or /proc: /dev/stdout) are written directly, at their end. Returns 0 or
 * negative errno; why names the path. */
MUST_CHECK int file_write(const char *path, const void *data, size_t size, struct why *why);

/* All of data to an open file, through short writes and signals. Returns 0 or negative errno. */
MUST_CHECK int file_write_fd(int fd, const void *data, size_t size);

#endif
