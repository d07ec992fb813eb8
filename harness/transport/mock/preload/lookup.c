/* SPDX-License-Identifier: MIT */
/* Which path is whose, and what the rig says of those that are its own. */
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLACEHOLDER_PREFIX "dfurig:"
#define MEMFD_PREFIX       "/memfd:"
#define MEMFD_SUFFIX       " (deleted)"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rpc connection = {.fd = -1};
static pid_t connection_pid;

/* --- paths --- */

/* True when path is `top` or below it. */
static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Where the rig's tree may have something: cheap, because every path of the program comes by here. */
static bool is_candidate(const char *path)
{
	static const char *const tops[] = {"/sys", "/dev/bus", "/run/udev"};

	while (path[0] == '/' && path[1] == '/')
		path++;
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
		if (is_below(path, tops[i]))
			return true;
	if (strncmp(path, "/dev", 4) != 0 || (path[4] && path[4] != '/'))
		return false;
	path += 4;
	path += strspn(path, "/");
	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	return !path[0] || strcmp(path, ".") == 0 || mock_hides("/dev", path);
}

static bool fd_link(int fd, char ret[static MOCK_PATH_MAX])
{
	char proc[64];
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = REAL(readlink)(proc, ret, MOCK_PATH_MAX - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

bool lookup_memfd_name(int fd, const char *prefix, char ret[static MOCK_PATH_MAX])
{
	char link[MOCK_PATH_MAX];
	const char *name = link + sizeof(MEMFD_PREFIX) - 1;
	size_t suffix = sizeof(MEMFD_SUFFIX) - 1, length;
	int saved = errno;
	bool is = fd_link(fd, link) && strncmp(link, MEMFD_PREFIX, sizeof(MEMFD_PREFIX) - 1) == 0 &&
		  strncmp(name, prefix, strlen(prefix)) == 0;

	errno = saved;
	if (!is)
		return false;
	name += strlen(prefix);
	length = strlen(name);
	if (length >= suffix && strcmp(name + length - suffix, MEMFD_SUFFIX) == 0)
		length -= suffix;
	memcpy(ret, name, length);
	ret[length] = '\0';
	return true;
}

bool lookup_fd_path(int fd, char ret[static MOCK_PATH_MAX])
{
	return lookup_memfd_name(fd, PLACEHOLDER_PREFIX, ret);
}

/* The folder that relative paths start from. */
static bool start_folder(int dirfd, char ret[static MOCK_PATH_MAX])
{
	int saved = errno;
	bool known;

	if (dirfd == AT_FDCWD)
		known = cwd_path(ret) || REAL(getcwd)(ret, MOCK_PATH_MAX);
	else
		known = lookup_fd_path(dirfd, ret) || fd_link(dirfd, ret);
	errno = saved;
	return known && ret[0] == '/';
}

bool lookup_absolute(int dirfd, const char *path, char ret[static MOCK_PATH_MAX])
{
	char dir[MOCK_PATH_MAX];
	int n;

	if (!path)
		return false;
	if (path[0] == '/') {
		if (!is_candidate(path))
			return false;
		return snprintf(ret, MOCK_PATH_MAX, "%s", path) < MOCK_PATH_MAX;
	}
	if ((dirfd == AT_FDCWD && !path[0]) || !rpc_enabled() || !start_folder(dirfd, dir))
		return false;
	n = snprintf(ret, MOCK_PATH_MAX, "%s%s%s", dir, path[0] ? "/" : "", path);
	return n < MOCK_PATH_MAX && is_candidate(ret);
}

/* --- asking --- */

static int ask_on(struct rpc *rpc, const char *path, bool follow, struct mock_message *ret_message,
	const uint8_t **ret_payload)
{
	struct mock_message ask = {.kind = MOCK_LOOKUP, .a = follow};
	int r = rpc_send(rpc, ask, path, strlen(path), NULL);

	while (r == 0) {
		r = rpc_receive(rpc, true, ret_message, ret_payload);
		if (r != -EINTR)
			return r;
		r = 0;
	}
	return r;
}

static int connect_files(struct rpc *rpc)
{
	struct mock_message hello = {.kind = MOCK_HELLO_FILES, .a = MOCK_VERSION};
	int fd = rpc_connect(SOCK_STREAM, "");

	if (fd < 0)
		return fd;
	rpc_adopt(rpc, fd);
	return rpc_send(rpc, hello, NULL, 0, NULL);
}

/* Copies the reply, so that the connection is free again. */
static bool take_reply(
	const struct mock_message *message, const uint8_t *payload, struct found *ret)
{
	if (message->result < 0 || message->size < sizeof(ret->file))
		return false;
	memcpy(&ret->file, payload, sizeof(ret->file));
	if (ret->file.type == MOCK_FILE_NOT_OURS)
		return false;
	if (ret->file.path_size > message->size - sizeof(ret->file))
		return false;
	ret->buffer = malloc(message->size + 1);
	if (!ret->buffer)
		return false;
	memcpy(ret->buffer, payload, message->size);
	ret->buffer[message->size] = '\0';
	ret->path = (const char *)ret->buffer + sizeof(ret->file);
	ret->data = (const uint8_t *)ret->path + ret->file.path_size;
	ret->size = message->size - sizeof(ret->file) - ret->file.path_size;
	return true;
}

static bool ask(const char *path, bool follow, struct found *ret)
{
	struct rpc own = {.fd = -1};
	struct mock_message message;
	const uint8_t *payload;
	bool found = false;
	bool borrowed;
	int r = 0;

	pthread_mutex_lock(&lock);
	/* In a vfork() child the memory is the parent's: it gets a connection for this one question. */
	borrowed = connection.fd >= 0 && connection_pid != getpid();
	if (!borrowed && connection.fd >= 0 && !rpc_intact(&connection))
		rpc_close(&connection);
	if (borrowed) {
		r = connect_files(&own);
	} else if (connection.fd < 0) {
		r = connect_files(&connection);
		connection_pid = getpid();
	}
	if (r == 0)
		r = ask_on(borrowed ? &own : &connection, path, follow, &message, &payload);
	if (r == 0)
		found = take_reply(&message, payload, ret);
	if (borrowed)
		rpc_close(&own);
	else if (r < 0)
		rpc_close(&connection);
	pthread_mutex_unlock(&lock);
	return found;
}

bool lookup(int dirfd, const char *path, bool follow, struct found *ret)
{
	char absolute[MOCK_PATH_MAX];
	int saved = errno;
	bool found;

	*ret = (struct found){.buffer = NULL};
	if (!lookup_absolute(dirfd, path, absolute) || !rpc_enabled())
		return false;
	found = ask(absolute, follow, ret);
	errno = saved;
	return found;
}

void found_done(struct found *found)
{
	free(found->buffer);
	found->buffer = NULL;
}

int lookup_open_placeholder(const struct found *found, bool with_content, int flags)
{
	char name[256];
	int fd;

	if (snprintf(name, sizeof(name), PLACEHOLDER_PREFIX "%s", found->path) >= 250)
		return preload_fail(ENAMETOOLONG);
	fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0 || !with_content || !found->size)
		return fd;
	if (pwrite(fd, found->data, found->size, 0) != (ssize_t)found->size) {
		REAL(close)(fd);
		return preload_fail(EIO);
	}
	return fd;
}

void lookup_forked(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	rpc_close(&connection);
}
