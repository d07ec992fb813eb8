/* SPDX-License-Identifier: MIT */
/* Open USB nodes: their numbers, their connection to the rig, and what is no ioctl. */
#include "harness/transport/mock/preload/usbfs.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_SIZE 4096

struct entry {
	struct file *file;
	struct fd_id id; /* of the pipe: tells whether the number still is ours */
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry
	table[FD_COUNT]; /* a node that would get a higher number is refused with EMFILE */
static int table_used;   /* entries; lets every other fd of the program pass without a lock */
static pid_t table_pid;

/* --- numbers --- */

static void file_free(struct file *file)
{
	rpc_close(&file->rpc);
	list_for_each_safe (link, &file->completed)
		free(LIST_ENTRY(link, struct completion, link));
	free(file->descriptors);
	free(file);
}

void usbfs_file_put(struct file *file)
{
	bool last;

	pthread_mutex_lock(&table_lock);
	last = --file->references == 0;
	pthread_mutex_unlock(&table_lock);
	if (last)
		file_free(file);
}

/* Without a lock: whether it is worth to look. Lets signal handlers pass that do not use USB nodes. */
static bool may_be_ours(int fd)
{
	return __atomic_load_n(&table_used, __ATOMIC_ACQUIRE) && fd >= 0 && fd < FD_COUNT &&
	       __atomic_load_n(&table[fd].file, __ATOMIC_ACQUIRE);
}

/* Takes a reference. */
static void set_entry(int fd, struct file *file)
{
	struct file *old;

	pthread_mutex_lock(&table_lock);
	old = table[fd].file;
	table[fd].id = file ? fd_id_of(fd) : (struct fd_id){0};
	__atomic_store_n(&table[fd].file, file, __ATOMIC_RELEASE);
	__atomic_add_fetch(&table_used, (file ? 1 : 0) - (old ? 1 : 0), __ATOMIC_ACQ_REL);
	pthread_mutex_unlock(&table_lock);
	if (old)
		usbfs_file_put(old);
}

struct file *usbfs_file_get(int fd)
{
	struct file *file;

	if (!may_be_ours(fd))
		return NULL;
	pthread_mutex_lock(&table_lock);
	file = table[fd].file;
	if (file)
		file->references++;
	pthread_mutex_unlock(&table_lock);
	return file;
}

/* As usbfs_file_get, and sure: a number may have been closed behind our back (by a system call of libc's own) and be
 * another file's now. Not for ioctl, where time counts: no other file understands usbfs's numbers. */
static struct file *get_checked(int fd)
{
	struct file *file = usbfs_file_get(fd);

	if (!file || fd_id_equal(table[fd].id, fd_id_of(fd)))
		return file;
	usbfs_file_put(file);
	usbfs_closing(fd);
	return NULL;
}

void usbfs_closing(int fd)
{
	/* A vfork() child closes its own copy; the entry is its parent's. */
	if (may_be_ours(fd) && table_pid == getpid())
		set_entry(fd, NULL);
}

void usbfs_closing_range(unsigned int first, unsigned int last)
{
	for (unsigned int fd = first; fd < FD_COUNT && fd <= last; fd++)
		usbfs_closing((int)fd);
}

void usbfs_duplicated(int from, int to)
{
	struct file *file = to < FD_COUNT ? get_checked(from) : NULL;

	if (file && table_pid == getpid())
		set_entry(to, file);
	else if (file)
		usbfs_file_put(file);
}

/* The connections are the parent's: the child must not speak on them. */
void usbfs_forked(void)
{
	table_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	table_pid = getpid();
	for (int fd = 0; fd < FD_COUNT && table_used; fd++) {
		struct file *file = table[fd].file;

		if (!file || file->inherited)
			continue;
		file->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
		file->arrived = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		file->listening = file->asking = false;
		file->inherited = true;
		rpc_close(&file->rpc);
	}
}

/* --- messages --- */

static void keep_completion(
	struct file *file, const struct mock_message *message, const uint8_t *payload)
{
	struct completion *completion = malloc(sizeof(*completion) + message->size);

	file->pipe_is_full = false;
	if (!completion)
		return;
	completion->tag = message->tag;
	completion->status = message->result;
	completion->actual = message->a;
	completion->size = message->size;
	memcpy(completion->data, payload, message->size);
	list_append(&file->completed, &completion->link);
}

/* Takes in the next message. 0; -EAGAIN; -EINTR; -ENODEV when the rig is gone. */
static int take_message(struct file *file, bool block)
{
	struct mock_message message;
	const uint8_t *payload;
	int r = rpc_receive(&file->rpc, block, &message, &payload);

	if (r == -ENODEV)
		file->gone = true;
	if (r < 0)
		return r;
	if (message.kind == MOCK_COMPLETED)
		keep_completion(file, &message, payload);
	else if (message.kind == MOCK_GONE)
		file->gone = true;
	if (message.kind == MOCK_REPLY || (message.kind == MOCK_COMPLETED && message.b)) {
		file->result = message.kind == MOCK_REPLY ? message.result : 0;
		file->replied = true;
	}
	return 0;
}

void usbfs_file_drain(struct file *file)
{
	while (!file->gone && take_message(file, false) == 0)
		continue;
}

/* CLOCK_REALTIME, which conditions go by, of a moment of the monotonic clock. */
static struct timespec real_time(uint64_t when_us)
{
	uint64_t now_us = clock_now_us(clock_monotonic());
	uint64_t real_us = clock_wall_us() + (when_us > now_us ? when_us - now_us : 0);

	return (struct timespec){
		.tv_sec = (time_t)(real_us / 1000000), .tv_nsec = (long)(real_us % 1000000 * 1000)};
}

static void wait_for_listener(struct file *file, uint64_t until_us)
{
	struct timespec until;

	if (until_us == CLOCK_NEVER) {
		pthread_cond_wait(&file->arrived, &file->lock);
		return;
	}
	until = real_time(until_us);
	pthread_cond_timedwait(&file->arrived, &file->lock, &until);
}

static int milliseconds_until(uint64_t until_us)
{
	uint64_t now_us = clock_now_us(clock_monotonic());

	if (until_us == CLOCK_NEVER)
		return -1;
	return until_us > now_us ? (int)((until_us - now_us + 999) / 1000) : 0;
}

void usbfs_file_listen(struct file *file, uint64_t until_us)
{
	struct pollfd readable = {.fd = file->rpc.fd, .events = POLLIN};

	if (file->listening) {
		wait_for_listener(file, until_us);
		return;
	}
	file->listening = true;
	pthread_mutex_unlock(&file->lock);
	poll(&readable, 1, milliseconds_until(until_us));
	pthread_mutex_lock(&file->lock);
	file->listening = false;
	usbfs_file_settle(file);
	usbfs_file_drain(file);
	pthread_cond_broadcast(&file->arrived);
}

static int ask(struct file *file, struct mock_message message, const void *head, size_t head_size,
	const struct iovec *tail)
{
	int r;

	file->replied = false;
	r = rpc_send(&file->rpc, message, head, head_size, tail);
	while (r == 0 && !file->replied) {
		if (file->listening)
			pthread_cond_wait(&file->arrived, &file->lock);
		else
			r = take_message(file, true);
		if (r == -EINTR)
			r = 0;
		if (r == 0 && !file->replied && !rpc_intact(&file->rpc))
			r = -ENODEV;
	}
	if (r < 0)
		file->gone = true;
	return r < 0 ? -ENODEV : file->result;
}

int usbfs_file_request(struct file *file, struct mock_message message, const void *head,
	size_t head_size, const struct iovec *tail)
{
	int r;

	while (file->asking)
		pthread_cond_wait(&file->arrived, &file->lock);
	if (file->gone)
		return -ENODEV;
	file->asking = true;
	r = ask(file, message, head, head_size, tail);
	file->asking = false;
	pthread_cond_broadcast(&file->arrived);
	return r;
}

/* --- the pipe --- */

/* The device may have left a moment ago, and the program must not die of SIGPIPE for it. The signal is this thread's. */
static void fill_pipe(int fd)
{
	static const struct timespec now = {0};
	sigset_t pipe_signal, before;
	int saved = errno;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	if (REAL(write)(fd, "", 1) < 0 && errno == EPIPE) /* EAGAIN: full already */
		sigtimedwait(&pipe_signal, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
}

/* A pipe of one packet, full; the program gets its write end. */
static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	REAL(fcntl)(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	fill_pipe(ends[1]);
	return 0;
}

/* The rig may empty the pipe for a message that crosses our filling it, hence the second look; then it is asked to empty
 * it again. */
void usbfs_file_settle_pipe(struct file *file, int fd)
{
	if (file->pipe_is_full || file->gone || !list_empty(&file->completed))
		return;
	fill_pipe(fd);
	file->pipe_is_full = true;
	usbfs_file_drain(file);
	if (list_empty(&file->completed) || file->gone)
		return;
	rpc_send(&file->rpc, (struct mock_message){.kind = MOCK_WAKE}, NULL, 0, NULL);
	file->pipe_is_full = false;
}

/* --- open --- */

static int say_hello(struct file *file, int pipe_read)
{
	struct mock_message message = {
		.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION, .tag = file->owner};
	const uint8_t *payload;
	int r = rpc_send_fd(&file->rpc, message, file->node, strlen(file->node), pipe_read);

	while (r == 0 && (r = rpc_receive(&file->rpc, true, &message, &payload)) == -EINTR)
		r = 0;
	if (r || message.result < 0)
		return r ? r : message.result;
	file->owner = message.tag;
	file->devnum = message.a;
	file->speed = message.b;
	file->bus = message.c >> 8;
	file->port = message.c & 0xff;
	free(file->descriptors);
	file->descriptors_size = 0;
	file->descriptors = malloc(message.size + 1);
	if (!file->descriptors)
		return -ENOMEM;
	memcpy(file->descriptors, payload, message.size);
	file->descriptors_size = message.size;
	return 0;
}

static int connect_file(struct file *file, int pipe_read)
{
	int fd = rpc_connect(SOCK_STREAM, "");

	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? fd : -ENODEV;
	rpc_adopt(&file->rpc, fd);
	file->pipe_is_full = true;
	return say_hello(file, pipe_read);
}

/* Puts a new pipe under all numbers of the file. */
static int replace_pipe(struct file *file, int write_end)
{
	for (int fd = 0; fd < FD_COUNT; fd++) {
		int flags = table[fd].file == file ? REAL(fcntl)(fd, F_GETFD) : -1;

		if (flags < 0 || !fd_id_equal(fd_id_of(fd), table[fd].id))
			continue;
		if (REAL(dup3)(write_end, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
			return -errno;
		table[fd].id = fd_id_of(fd);
	}
	return 0;
}

static int connect_again(struct file *file)
{
	int ends[2], r;

	list_for_each_safe (link, &file->completed)
		free(LIST_ENTRY(link, struct completion, link));
	list_init(&file->completed);
	if (make_pipe(ends) < 0)
		return -errno;
	r = connect_file(file, ends[0]);
	if (r == 0) {
		pthread_mutex_lock(&table_lock);
		r = replace_pipe(file, ends[1]);
		pthread_mutex_unlock(&table_lock);
	}
	REAL(close)(ends[0]);
	REAL(close)(ends[1]);
	return r;
}

void usbfs_file_settle(struct file *file)
{
	if (file->gone)
		return;
	if (file->inherited && connect_again(file) < 0)
		file->gone = true;
	file->inherited = false;
	if (!rpc_intact(&file->rpc))
		file->gone = true;
}

static struct file *file_new(const struct found *found, int flags)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	file->arrived = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	file->references = 1;
	file->flags = flags;
	file->rpc.fd = -1;
	list_init(&file->completed);
	snprintf(file->node, sizeof(file->node), "%s", found->path);
	return file;
}

static bool may_open(const struct found *found, int flags)
{
	mode_t wanted = (flags & O_ACCMODE) == O_RDONLY   ? 04
			: (flags & O_ACCMODE) == O_WRONLY ? 02
							  : 06;

	return geteuid() == 0 || (found->file.mode & wanted) == wanted;
}

/* The write end of the file's pipe, or negative errno. */
static int open_pipe(struct file *file)
{
	int ends[2], r;

	if (make_pipe(ends) < 0)
		return -errno;
	r = ends[1] < FD_COUNT ? connect_file(file, ends[0]) : -EMFILE;
	REAL(close)(ends[0]);
	if (r == 0)
		return ends[1];
	REAL(close)(ends[1]);
	return r;
}

int usbfs_open(const struct found *found, int flags)
{
	struct file *file;
	int fd;

	if (!may_open(found, flags))
		return preload_fail(EACCES);
	file = file_new(found, flags);
	if (!file)
		return preload_fail(ENOMEM);
	fd = open_pipe(file);
	if (fd < 0) {
		file_free(file);
		return preload_fail(-fd);
	}
	if (!(flags & O_CLOEXEC))
		REAL(fcntl)(fd, F_SETFD, 0);
	table_pid = getpid();
	set_entry(fd, file);
	return fd;
}

int usbfs_open_content(const struct found *found, int flags)
{
	struct found content = *found;
	struct file *file;
	int node = usbfs_open(found, flags), fd = -1;

	file = node >= 0 ? usbfs_file_get(node) : NULL;
	if (file) {
		content.data = file->descriptors;
		content.size = file->descriptors_size;
		fd = lookup_open_placeholder(&content, true, flags);
		usbfs_file_put(file);
	}
	if (node >= 0) {
		usbfs_closing(node);
		REAL(close)(node);
	}
	return fd;
}

/* --- read, lseek, flags --- */

bool usbfs_node(int fd, char ret_path[static 64])
{
	struct file *file = get_checked(fd);

	if (!file)
		return false;
	memcpy(ret_path, file->node, sizeof(file->node));
	usbfs_file_put(file);
	return true;
}

static ssize_t read_file(struct file *file, void *data, size_t size, off_t at)
{
	size_t from = (size_t)(at >= 0 ? at : file->position), n;

	usbfs_file_settle(file);
	if (file->gone)
		return preload_fail(ENODEV);
	if (from > file->descriptors_size)
		from = file->descriptors_size;
	n = file->descriptors_size - from < size ? file->descriptors_size - from : size;
	memcpy(data, file->descriptors + from, n);
	if (at < 0)
		file->position += (off_t)n;
	return (ssize_t)n;
}

bool usbfs_read(int fd, void *data, size_t size, off_t at, ssize_t *ret)
{
	struct file *file = get_checked(fd);

	if (!file)
		return false;
	pthread_mutex_lock(&file->lock);
	*ret = (file->flags & O_ACCMODE) == O_WRONLY ? preload_fail(EBADF)
						     : read_file(file, data, size, at);
	pthread_mutex_unlock(&file->lock);
	usbfs_file_put(file);
	return true;
}

bool usbfs_seek(int fd, off_t offset, int whence, off_t *ret)
{
	struct file *file = get_checked(fd);
	off_t to;

	if (!file)
		return false;
	pthread_mutex_lock(&file->lock);
	to = offset + (whence == SEEK_CUR ? file->position : 0);
	if ((whence != SEEK_SET && whence != SEEK_CUR) || to < 0)
		*ret = preload_fail(EINVAL);
	else
		*ret = file->position = to;
	pthread_mutex_unlock(&file->lock);
	usbfs_file_put(file);
	return true;
}

/* The pipe's own flags say nothing of how the node was opened, and it must not become a blocking one. */
bool usbfs_flags(int fd, int command, int value, int *ret)
{
	const int settable = O_APPEND | O_ASYNC | O_NONBLOCK;
	struct file *file = get_checked(fd);

	if (!file)
		return false;
	pthread_mutex_lock(&file->lock);
	if (command == F_SETFL)
		file->flags = (file->flags & ~settable) | (value & settable);
	*ret = command == F_SETFL
		       ? 0
		       : file->flags & ~(O_CLOEXEC | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	pthread_mutex_unlock(&file->lock);
	usbfs_file_put(file);
	return true;
}
