/* SPDX-License-Identifier: MIT */
/*
 * The working folder, when it is one of the rig's. No real process can be in it: the process is in /sys, where it can do no
 * harm, and holds an fd of a fixed number that names the folder. Children and programs that are executed have it too.
 *
 * Relative paths that lead out of the rig's tree are the kernel's to resolve, and start from /sys there: they are right
 * only with as many ".." as lead to the root.
 */
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_PREFIX "dfurig.cwd:"
#define REAL_FOLDER "/sys"

bool cwd_path(char ret[static MOCK_PATH_MAX])
{
	int saved = errno;
	bool open = REAL(fcntl)(FD_CWD, F_GETFD) >= 0;

	errno = saved;
	return open && lookup_memfd_name(FD_CWD, NAME_PREFIX, ret);
}

void cwd_begin(void)
{
	char path[MOCK_PATH_MAX];

	if (cwd_path(path))
		fd_guard(FD_CWD);
}

/* The process is in a real folder now. */
static int leave(int result)
{
	char path[MOCK_PATH_MAX];

	if (result == 0 && cwd_path(path))
		fd_close_guarded(FD_CWD);
	return result;
}

/* Gives the fd its number, which must be free or of the same kind. */
static int set_number(int fd)
{
	char path[MOCK_PATH_MAX];

	if (!cwd_path(path) && REAL(fcntl)(FD_CWD, F_GETFD) >= 0)
		return preload_fail(EMFILE);
	return REAL(dup3)(fd, FD_CWD, 0) < 0 ? -1 : 0;
}

static int enter(const char *path)
{
	char name[256];
	int fd, r = -1;

	if (snprintf(name, sizeof(name), NAME_PREFIX "%s", path) >= 250)
		return preload_fail(ENAMETOOLONG);
	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (REAL(access)(REAL_FOLDER, X_OK) == 0 && set_number(fd) == 0) {
		fd_guard(FD_CWD);
		r = REAL(chdir)(REAL_FOLDER);
	}
	REAL(close)(fd);
	return r;
}

static int change_to(const struct found *found)
{
	if (found->file.type == MOCK_FILE_NONE)
		return preload_fail(ENOENT);
	if (found->file.type != MOCK_FILE_DIR)
		return preload_fail(ENOTDIR);
	if (!found->file.transparent || REAL(access)(found->path, F_OK) < 0)
		return enter(found->path);
	return leave(REAL(chdir)(found->path));
}

/* A path that leads out of the rig's folder, without the ".." that the kernel would count from /sys. */
static int change_out(const char *path)
{
	char cwd[MOCK_PATH_MAX], full[2 * MOCK_PATH_MAX], real[MOCK_PATH_MAX];

	if (path[0] == '/' || !cwd_path(cwd))
		return leave(REAL(chdir)(path));
	while (strncmp(path, "../", 3) == 0 || strcmp(path, "..") == 0) {
		*strrchr(cwd, '/') = '\0';
		path += path[2] ? 3 : 2;
		if (!cwd[0])
			break;
	}
	snprintf(full, sizeof(full), "%s/%s", cwd, path);
	return REAL(realpath)(full, real) ? leave(REAL(chdir)(real)) : -1;
}

EXPORT int chdir(const char *path)
{
	struct found found;
	int r;

	if (!lookup(AT_FDCWD, path, true, &found))
		return rpc_enabled() ? change_out(path) : REAL(chdir)(path);
	r = change_to(&found);
	found_done(&found);
	return r;
}

EXPORT int fchdir(int fd)
{
	struct found found;
	int r;

	if (!lookup(fd, "", true, &found))
		return leave(REAL(fchdir)(fd));
	r = change_to(&found);
	found_done(&found);
	return r;
}

EXPORT char *getcwd(char *out, size_t room)
{
	char path[MOCK_PATH_MAX];
	size_t size;

	if (!cwd_path(path))
		return REAL(getcwd)(out, room);
	size = strlen(path) + 1;
	if (out && !room) {
		errno = EINVAL;
		return NULL;
	}
	if (room && room < size) {
		errno = ERANGE;
		return NULL;
	}
	if (!out)
		out = malloc(room ? room : size);
	return out ? memcpy(out, path, size) : NULL;
}

char *__getcwd_chk(char *out, size_t room, size_t size);

EXPORT char *__getcwd_chk(char *out, size_t room, size_t size)
{
	char path[MOCK_PATH_MAX];

	return cwd_path(path) && room <= size ? getcwd(out, room)
					      : REAL(__getcwd_chk)(out, room, size);
}

EXPORT char *get_current_dir_name(void)
{
	char path[MOCK_PATH_MAX];

	return cwd_path(path) ? strdup(path) : REAL(get_current_dir_name)();
}
