/* SPDX-License-Identifier: MIT */
/*
 * The preload library: stands between a program and libc, and carries what concerns USB to the rig (../protocol.h).
 *
 * It has no knowledge of devices. What it does not know, and everything when the environment names no rig, goes to the
 * real libc. It ends the program in one case only: when the rig has ended (rpc.c, the lifeline). It must be harmless in children: after fork() the child makes connections of its own;
 * in a vfork() child (which shares our memory) nothing of ours is changed.
 */
#ifndef DFURIG_TRANSPORT_MOCK_PRELOAD_H
#define DFURIG_TRANSPORT_MOCK_PRELOAD_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "harness/base/attr.h"
#include "harness/transport/mock/protocol.h"

/* Marks what replaces a function of libc. */
#define EXPORT __attribute__((visibility("default")))

/* The real function of libc (or of the next library that has one). Needs the header that declares it. */
#define REAL(name)                                                                                 \
	({                                                                                         \
		static void *real_##name;                                                          \
		(__typeof__(&name))preload_real(&real_##name, #name);                              \
	})

void *preload_real(void **cache, const char *name);

/* Sets errno and returns -1. */
int preload_fail(int error);

/* --- file numbers (fds.c) --- */

/* The numbers of what lies in the program beside its own: out of the way of its low ones, below the usual limit of 1024. */
#define FD_LIFELINE 898 /* handed on to programs that are executed, see rpc.c */
#define FD_CWD      899 /* too, see cwd.c */
#define FD_AWAY     900 /* from here on: the others, closed on exec */
#define FD_COUNT    1024

/* What is open under a number. A number says nothing when it was closed behind our back and given to something else. */
struct fd_id {
	dev_t dev;
	ino_t ino; /* 0 = closed */
};

struct fd_id fd_id_of(int fd);
bool fd_id_equal(struct fd_id a, struct fd_id b);

/* Ours, from now on: programs that close every number they can think of do not close it. */
void fd_guard(int fd);
/* Closes one of ours, if the number still is ours. */
void fd_close_guarded(int fd);

/* --- connections (rpc.c) --- */

struct rpc {
	int fd; /* -1 = not connected */
	struct fd_id id;
	uint8_t *data; /* bytes that have come, from `at` on */
	size_t at, have, room;
};

/* True when the environment names a rig. */
bool rpc_enabled(void);

/* A new connection of this type, or negative errno. */
int rpc_connect(int socket_type, const char *suffix);

/* True when fd is a connection of this type to the rig. */
bool rpc_is_peer(int fd, int socket_type, const char *suffix);

/* Takes a new connection; moves it out of the way and guards it. */
void rpc_adopt(struct rpc *rpc, int fd);

/* False: somebody closed it. To be asked before use, lest our messages go into a file of the program's. */
bool rpc_intact(const struct rpc *rpc);

/* Sends message + head + tail (NULL = none), or with an fd. 0 or negative errno. */
int rpc_send(const struct rpc *rpc, struct mock_message message, const void *head, size_t head_size,
	const struct iovec *tail);
int rpc_send_fd(const struct rpc *rpc, struct mock_message message, const void *payload,
	size_t size, int passed);

/* The next message; *ret_payload is borrowed until the next call. 0; -EAGAIN when not blocking and there is none;
 * -ENODEV when the rig is gone; -EINTR. */
int rpc_receive(struct rpc *rpc, bool block, struct mock_message *ret, const uint8_t **ret_payload);

void rpc_close(struct rpc *rpc);

/* --- the rig's files (lookup.c) --- */

/* What the rig says of a path. */
struct found {
	struct mock_file file;
	const char *path;    /* canonical */
	const uint8_t *data; /* content, link target or entries; a NUL follows */
	size_t size;
	uint8_t *buffer; /* owned: found_done */
};

/* Completes (dirfd, path) to an absolute path; false when it cannot be one that the rig has something to say about. */
bool lookup_absolute(int dirfd, const char *path, char ret[static MOCK_PATH_MAX]);

/* Asks the rig. False: not ours (or no rig): go to the real libc. True: file.type says what it is, MOCK_FILE_NONE
 * included; the caller calls found_done. */
bool lookup(int dirfd, const char *path, bool follow, struct found *ret);
void found_done(struct found *found);

/* For an fd that stands for one of the rig's files or folders: its path. */
bool lookup_fd_path(int fd, char ret[static MOCK_PATH_MAX]);

/* The text that a memfd was named with when that begins with prefix; what follows the prefix goes to ret. */
bool lookup_memfd_name(int fd, const char *prefix, char ret[static MOCK_PATH_MAX]);

/* An fd that stands for the file: a memfd whose name is the path, so that it needs no book-keeping across dup, fork and
 * exec. -1 and errno. */
int lookup_open_placeholder(const struct found *found, bool with_content, int flags);

/* --- the working folder (cwd.c) --- */

/* The rig's folder that the process is in; false when it is in a real one. */
bool cwd_path(char ret[static MOCK_PATH_MAX]);

/* When the program starts: it may be in one already. */
void cwd_begin(void);

/* --- open USB nodes (usbfs_file.c) --- */

int usbfs_open(const struct found *found, int flags);

/* What read() of the node gives, in place of opening it: for streams. */
int usbfs_open_content(const struct found *found, int flags);

/* True when fd is one of ours; the results are those of the call. */
bool usbfs_read(
	int fd, void *data, size_t size, off_t at, ssize_t *ret); /* at -1 = file position */
bool usbfs_seek(int fd, off_t offset, int whence, off_t *ret);
bool usbfs_flags(int fd, int command, int value, int *ret); /* fcntl, F_GETFL and F_SETFL */
bool usbfs_node(int fd, char ret_path[static 64]);
bool usbfs_ioctl(int fd, unsigned long request, void *arg, int *ret); /* usbfs.c */

/* --- serial ports (tty.c) --- */

struct stat;

int tty_open(const struct found *found, int flags);

/* True when st is of an open port; its node. */
bool tty_node(const struct stat *st, char ret_path[static 64]);
bool tty_ioctl(int fd, unsigned long request, void *arg, int *ret);

/* What read() of fd gave, as a tty gives it. */
ssize_t tty_read_end(int fd, ssize_t result);

/* --- numbers again --- */

/* Book-keeping of file numbers: fd is about to be closed; to has become another number of from. */
void usbfs_closing(int fd);
void usbfs_duplicated(int from, int to);
void usbfs_closing_range(unsigned int first, unsigned int last);

/* In the child after fork(): connections belong to the parent. */
void usbfs_forked(void);
void lookup_forked(void);

#endif
