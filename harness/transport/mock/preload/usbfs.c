/* SPDX-License-Identifier: MIT */
/*
 * Open USB nodes in the program: ioctl, read, and the state that the kernel would keep for an open file.
 *
 * What the program holds is the write end of a pipe with room for one packet. Full, poll() says nothing; empty, it says
 * POLLOUT (there is a URB to reap); without a reader, POLLERR (the device has left): as usbfs does (usbdev_poll in
 * drivers/usb/core/devio.c), with poll, select and epoll alike.
 */
#include "harness/base/clock.h"
#include "harness/base/list.h"
#include "harness/transport/mock/preload/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETUP_SIZE        8
#define FILES_MAX         1024 /* file numbers; a node that would get a higher one is refused with EMFILE */
#define PIPE_SIZE         4096
#define USBFS_MAGIC_IOCTL 'U'

#define CAPABILITIES                                                                               \
	(USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |                              \
		USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_DROP_PRIVILEGES |                \
		USBDEVFS_CAP_CONNINFO_EX)

struct file {
	pthread_mutex_t lock;
	int references; /* numbers of this file + calls in progress; under table_lock */
	struct rpc rpc;
	bool gone;
	uint32_t devnum, speed, bus;
	char node[64];
	uint8_t *descriptors;
	size_t descriptors_size;
	off_t position;
	struct list completed; /* of struct completion, oldest first */
	bool pipe_is_full;     /* and the rig has not emptied it since */
};

struct completion {
	struct list link;
	uint64_t tag;
	int32_t status;
	uint32_t actual;
	uint32_t size; /* of data */
	uint8_t data[];
};

struct entry {
	struct file *file;
	ino_t ino; /* of the pipe: tells whether the number still is ours */
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry table[FILES_MAX];
static int table_used; /* entries; lets every other fd of the program pass without a lock */
static pid_t table_pid;

/* --- book-keeping --- */

static void file_free(struct file *file)
{
	rpc_close(&file->rpc);
	list_for_each_safe (link, &file->completed)
		free(LIST_ENTRY(link, struct completion, link));
	free(file->descriptors);
	free(file);
}

static void file_put(struct file *file)
{
	bool last;

	pthread_mutex_lock(&table_lock);
	last = --file->references == 0;
	pthread_mutex_unlock(&table_lock);
	if (last)
		file_free(file);
}

/* The file behind a number, referenced; NULL when it is not one of ours. */
static struct file *file_get(int fd)
{
	struct file *file;

	if (!__atomic_load_n(&table_used, __ATOMIC_ACQUIRE) || fd < 0 || fd >= FILES_MAX)
		return NULL;
	pthread_mutex_lock(&table_lock);
	file = table[fd].file;
	if (file)
		file->references++;
	pthread_mutex_unlock(&table_lock);
	return file;
}

static ino_t ino_of(int fd)
{
	struct stat st;

	return REAL(fstat)(fd, &st) == 0 ? st.st_ino : 0;
}

/* As file_get, and sure: a number may have been closed behind our back (by a system call of libc's own). */
static struct file *file_get_checked(int fd)
{
	struct file *file = file_get(fd);

	if (file && ino_of(fd) != table[fd].ino) {
		file_put(file);
		usbfs_closing(fd);
		return NULL;
	}
	return file;
}

/* Takes a reference. */
static void set_entry(int fd, struct file *file)
{
	struct file *old;

	pthread_mutex_lock(&table_lock);
	old = table[fd].file;
	table[fd] = (struct entry){.file = file, .ino = file ? ino_of(fd) : 0};
	table_used += (file ? 1 : 0) - (old ? 1 : 0);
	pthread_mutex_unlock(&table_lock);
	if (old)
		file_put(old);
}

void usbfs_closing(int fd)
{
	if (!__atomic_load_n(&table_used, __ATOMIC_ACQUIRE) || fd < 0 || fd >= FILES_MAX)
		return;
	/* A vfork() child closes its own copy; the entry is its parent's. */
	if (table[fd].file && table_pid == getpid())
		set_entry(fd, NULL);
}

void usbfs_closing_range(unsigned int first, unsigned int last)
{
	for (unsigned int fd = first; fd < FILES_MAX && fd <= last; fd++)
		usbfs_closing((int)fd);
}

void usbfs_duplicated(int from, int to)
{
	struct file *file = to < FILES_MAX ? file_get(from) : NULL;

	if (file && table_pid == getpid())
		set_entry(to, file);
	else if (file)
		file_put(file);
}

/* The connections are the parent's: the child must not speak on them, but may close its copies. */
void usbfs_forked(void)
{
	table_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	table_pid = getpid();
	for (int fd = 0; fd < FILES_MAX && table_used; fd++) {
		if (!table[fd].file)
			continue;
		table[fd].file->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
		table[fd].file->gone = true;
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

/* Takes in the next message. 0 and *ret; -EAGAIN; -ENODEV when the rig is gone; -EINTR. */
static int take_message(struct file *file, bool block, struct mock_message *ret)
{
	const uint8_t *payload;
	int r = rpc_receive(&file->rpc, block, ret, &payload);

	if (r == -ENODEV)
		file->gone = true;
	if (r < 0)
		return r;
	if (ret->kind == MOCK_COMPLETED)
		keep_completion(file, ret, payload);
	else if (ret->kind == MOCK_GONE)
		file->gone = true;
	return 0;
}

/* Takes in all that has come already. */
static void drain(struct file *file)
{
	struct mock_message message;

	while (take_message(file, false, &message) == 0)
		continue;
}

/* Sends and waits for the reply; completions that come meanwhile are kept. Returns the reply's result. A signal does not
 * end it: the rig answers at once, or within the 5 s that the kernel too would wait uninterruptibly. */
static int request(struct file *file, struct mock_message message, const void *head,
	size_t head_size, const struct iovec *tail)
{
	uint64_t tag = message.tag;
	int r;

	if (file->gone)
		return -ENODEV;
	r = rpc_send(file->rpc.fd, message, head, head_size, tail);
	while (r == 0) {
		r = take_message(file, true, &message);
		if (r == -EINTR || (r == 0 && message.kind == MOCK_GONE)) {
			r = 0;
			continue;
		}
		if (r == 0 && message.kind == MOCK_REPLY)
			return message.result;
		if (r == 0 && message.kind == MOCK_COMPLETED && message.b && message.tag == tag)
			return 0;
	}
	file->gone = true;
	return -ENODEV;
}

static int call(struct file *file, enum mock_call what, uint32_t a, uint32_t b)
{
	return request(file, (struct mock_message){.kind = MOCK_CALL, .a = what, .b = a, .c = b},
		NULL, 0, NULL);
}

/* --- the pipe --- */

static void fill_pipe(int fd)
{
	int saved = errno;

	/* EAGAIN: full already; EPIPE cannot come with a signal, the device has left then. */
	if (write(fd, "", 1) < 0)
		errno = saved;
}

/* A pipe of one packet, full; the program gets its write end. */
static int make_pipe(int ends[2], int flags)
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	REAL(fcntl)(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	fill_pipe(ends[1]);
	if (!(flags & O_CLOEXEC))
		REAL(fcntl)(ends[1], F_SETFD, 0);
	return 0;
}

/* --- open --- */

static int say_hello(struct file *file, int pipe_read)
{
	struct mock_message message = {.kind = MOCK_HELLO_DEVICE, .a = MOCK_VERSION};
	const uint8_t *payload;
	int r = rpc_send_fd(file->rpc.fd, message, file->node, strlen(file->node), pipe_read);

	while (r == 0 && (r = rpc_receive(&file->rpc, true, &message, &payload)) == -EINTR)
		r = 0;
	if (r || message.result < 0)
		return r ? r : message.result;
	file->devnum = message.a;
	file->speed = message.b;
	file->bus = message.c;
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
		return -ENODEV;
	file->rpc.fd = rpc_move_away(fd);
	return say_hello(file, pipe_read);
}

static struct file *file_new(const struct found *found)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	file->references = 1;
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

int usbfs_open(const struct found *found, int flags)
{
	struct file *file;
	int ends[2], r;

	if (!may_open(found, flags))
		return preload_fail(EACCES);
	file = file_new(found);
	if (!file)
		return preload_fail(ENOMEM);
	if (make_pipe(ends, flags) < 0) {
		file_free(file);
		return -1;
	}
	r = ends[1] < FILES_MAX ? connect_file(file, ends[0]) : -EMFILE;
	REAL(close)(ends[0]);
	if (r < 0) {
		REAL(close)(ends[1]);
		file_free(file);
		return preload_fail(-r);
	}
	table_pid = getpid();
	set_entry(ends[1], file);
	return ends[1];
}

bool usbfs_node(int fd, char ret_path[static 64])
{
	struct file *file = file_get_checked(fd);

	if (!file)
		return false;
	memcpy(ret_path, file->node, sizeof(file->node));
	file_put(file);
	return true;
}

bool usbfs_read(int fd, void *data, size_t size, off_t at, ssize_t *ret)
{
	struct file *file = file_get_checked(fd);
	size_t from, n;

	if (!file)
		return false;
	from = (size_t)(at >= 0 ? at : file->position);
	if (from > file->descriptors_size)
		from = file->descriptors_size;
	n = file->descriptors_size - from < size ? file->descriptors_size - from : size;
	memcpy(data, file->descriptors + from, n);
	if (at < 0)
		file->position += (off_t)n;
	*ret = file->gone ? preload_fail(ENODEV) : (ssize_t)n;
	file_put(file);
	return true;
}

bool usbfs_seek(int fd, off_t offset, int whence, off_t *ret)
{
	struct file *file = file_get_checked(fd);
	off_t to;

	if (!file)
		return false;
	to = offset + (whence == SEEK_CUR ? file->position : 0);
	if (whence == SEEK_END || to < 0)
		*ret = preload_fail(EINVAL);
	else
		*ret = file->position = to;
	file_put(file);
	return true;
}

/* --- URBs --- */

static bool is_in(const struct usbdevfs_urb *urb)
{
	if (urb->type == USBDEVFS_URB_TYPE_CONTROL)
		return ((const uint8_t *)urb->buffer)[0] & 0x80;
	return urb->endpoint & 0x80;
}

/* usbfs's URB types to the rig's, which are usbmon's; -EINVAL for isochronous ones. */
static int rig_type(const struct usbdevfs_urb *urb)
{
	switch (urb->type) {
	case USBDEVFS_URB_TYPE_CONTROL:
		return 2;
	case USBDEVFS_URB_TYPE_INTERRUPT:
		return 1;
	case USBDEVFS_URB_TYPE_BULK:
		return 3;
	default:
		return -EINVAL;
	}
}

static int submit(struct file *file, const struct usbdevfs_urb *urb)
{
	size_t setup = urb->type == USBDEVFS_URB_TYPE_CONTROL ? SETUP_SIZE : 0;
	struct mock_message message = {.kind = MOCK_SUBMIT, .tag = (uint64_t)(uintptr_t)urb};
	struct iovec out = {.iov_base = NULL};
	int type = rig_type(urb);

	if (type < 0 || urb->buffer_length < (int)setup ||
		(size_t)urb->buffer_length - setup > MOCK_PAYLOAD_MAX)
		return -EINVAL;
	message.a = (uint32_t)type;
	message.b = urb->endpoint;
	message.c = (uint32_t)((size_t)urb->buffer_length - setup);
	if (!is_in(urb)) {
		out.iov_base = (uint8_t *)urb->buffer + setup;
		out.iov_len = message.c;
	}
	return request(file, message, urb->buffer, setup, &out);
}

/* Writes the outcome into the program's URB. */
static void give_back(const struct completion *completion, struct usbdevfs_urb *urb)
{
	size_t setup = urb->type == USBDEVFS_URB_TYPE_CONTROL ? SETUP_SIZE : 0;

	urb->status = completion->status;
	urb->actual_length = (int)completion->actual;
	urb->error_count = 0;
	if (completion->size && completion->size + setup <= (size_t)urb->buffer_length)
		memcpy((uint8_t *)urb->buffer + setup, completion->data, completion->size);
}

static int reap_first(struct file *file, struct usbdevfs_urb **ret)
{
	struct completion *completion;

	if (list_empty(&file->completed))
		return -EAGAIN;
	completion = LIST_ENTRY(file->completed.next, struct completion, link);
	list_remove(&completion->link);
	*ret = (struct usbdevfs_urb *)(uintptr_t)completion->tag;
	give_back(completion, *ret);
	free(completion);
	return 0;
}

/* With nothing left to reap, poll() must say nothing. The rig may empty the pipe for a message that crosses our filling it,
 * hence the second look; then it is asked to empty it again. */
static void settle_pipe(struct file *file, int fd)
{
	if (file->pipe_is_full || file->gone || !list_empty(&file->completed))
		return;
	fill_pipe(fd);
	file->pipe_is_full = true;
	drain(file);
	if (list_empty(&file->completed))
		return;
	rpc_send(file->rpc.fd, (struct mock_message){.kind = MOCK_WAKE}, NULL, 0, NULL);
	file->pipe_is_full = false;
}

static int reap_now(struct file *file, int fd, struct usbdevfs_urb **ret)
{
	int r;

	if (list_empty(&file->completed))
		drain(file);
	r = reap_first(file, ret);
	settle_pipe(file, fd);
	return r < 0 && file->gone ? -ENODEV : r;
}

static int reap(struct file *file, int fd, bool block, struct usbdevfs_urb **ret)
{
	struct pollfd readable = {.fd = file->rpc.fd, .events = POLLIN};
	int r;

	for (;;) {
		pthread_mutex_lock(&file->lock);
		r = reap_now(file, fd, ret);
		pthread_mutex_unlock(&file->lock);
		if (r != -EAGAIN || !block)
			return r;
		if (poll(&readable, 1, -1) < 0)
			return -errno;
	}
}

static int discard(struct file *file, const void *urb)
{
	struct mock_message message = {.kind = MOCK_DISCARD, .tag = (uint64_t)(uintptr_t)urb};

	return request(file, message, NULL, 0, NULL);
}

/* --- transfers that are waited for (USBDEVFS_CONTROL, USBDEVFS_BULK) --- */

static struct completion *find_completion(struct file *file, const struct usbdevfs_urb *urb)
{
	list_for_each (link, &file->completed) {
		struct completion *completion = LIST_ENTRY(link, struct completion, link);

		if (completion->tag == (uint64_t)(uintptr_t)urb)
			return completion;
	}
	return NULL;
}

/* Until the URB has completed or the time is over (0 = never). */
static int await(struct file *file, const struct usbdevfs_urb *urb, unsigned int timeout_ms)
{
	struct pollfd readable = {.fd = file->rpc.fd, .events = POLLIN};
	uint64_t until =
		clock_after_us(clock_monotonic(), timeout_ms ? timeout_ms * 1000ull : CLOCK_NEVER);

	while (!find_completion(file, urb)) {
		uint64_t now = clock_now_us(clock_monotonic());

		if (file->gone)
			return -ENODEV;
		if (now >= until)
			return discard(file, urb) < 0 ? 0 : -ETIMEDOUT;
		poll(&readable, 1, until == CLOCK_NEVER ? -1 : (int)((until - now + 999) / 1000));
		drain(file);
	}
	return 0;
}

/* Returns the bytes moved or negative errno. */
static int transfer(struct file *file, struct usbdevfs_urb *urb, unsigned int timeout_ms)
{
	struct completion *completion;
	int r = submit(file, urb);

	if (r < 0)
		return r;
	r = await(file, urb, timeout_ms);
	completion = find_completion(file, urb);
	if (!completion)
		return r < 0 ? r : -ENODEV;
	list_remove(&completion->link);
	give_back(completion, urb);
	free(completion);
	if (r < 0)
		return r;
	return urb->status < 0 ? urb->status : urb->actual_length;
}

static int control(struct file *file, const struct usbdevfs_ctrltransfer *control)
{
	struct usbdevfs_urb urb = {.type = USBDEVFS_URB_TYPE_CONTROL};
	uint8_t *buffer = malloc(SETUP_SIZE + (size_t)control->wLength);
	int r;

	if (!buffer)
		return -ENOMEM;
	memcpy(buffer, control, SETUP_SIZE); /* the same fields in the same order */
	if (!(control->bRequestType & 0x80) && control->wLength)
		memcpy(buffer + SETUP_SIZE, control->data, control->wLength);
	urb.buffer = buffer;
	urb.buffer_length = SETUP_SIZE + control->wLength;
	r = transfer(file, &urb, control->timeout);
	if (r > 0 && control->bRequestType & 0x80)
		memcpy(control->data, buffer + SETUP_SIZE, (size_t)r);
	free(buffer);
	return r;
}

static int bulk(struct file *file, const struct usbdevfs_bulktransfer *bulk)
{
	struct usbdevfs_urb urb = {
		.type = USBDEVFS_URB_TYPE_BULK,
		.endpoint = (uint8_t)bulk->ep,
		.buffer = bulk->data,
		.buffer_length = (int)bulk->len,
	};

	return bulk->len > MOCK_PAYLOAD_MAX ? -EINVAL : transfer(file, &urb, bulk->timeout);
}

/* --- ioctl --- */

static int fill_connect_info(const struct file *file, struct usbdevfs_connectinfo *info)
{
	*info = (struct usbdevfs_connectinfo){.devnum = file->devnum};
	return 0;
}

/* No kernel driver is bound to a virtual board's interfaces. */
static int driver_ioctl(const struct usbdevfs_ioctl *inner)
{
	if ((unsigned long)inner->ioctl_code == USBDEVFS_DISCONNECT)
		return -ENODATA;
	return (unsigned long)inner->ioctl_code == USBDEVFS_CONNECT ? 0 : -ENOTTY;
}

/* Under file->lock, the device is there. */
static int locked_ioctl(struct file *file, unsigned long request, void *arg)
{
	const struct usbdevfs_setinterface *alternate = arg;

	switch (request) {
	case USBDEVFS_SUBMITURB:
		return submit(file, arg);
	case USBDEVFS_DISCARDURB:
		return discard(file, arg);
	case USBDEVFS_CONTROL:
		return control(file, arg);
	case USBDEVFS_BULK:
		return bulk(file, arg);
	case USBDEVFS_CLAIMINTERFACE:
		return call(file, MOCK_CLAIM, *(unsigned int *)arg, 0);
	case USBDEVFS_DISCONNECT_CLAIM:
		return call(
			file, MOCK_CLAIM, ((struct usbdevfs_disconnect_claim *)arg)->interface, 0);
	case USBDEVFS_RELEASEINTERFACE:
		return call(file, MOCK_RELEASE, *(unsigned int *)arg, 0);
	case USBDEVFS_SETINTERFACE:
		return call(file, MOCK_SET_ALT, alternate->interface, alternate->altsetting);
	case USBDEVFS_SETCONFIGURATION:
		return call(file, MOCK_SET_CONFIG, *(unsigned int *)arg, 0);
	case USBDEVFS_CLEAR_HALT:
	case USBDEVFS_RESETEP:
		return call(file, MOCK_CLEAR_HALT, *(unsigned int *)arg, 0);
	case USBDEVFS_RESET:
		return call(file, MOCK_RESET, 0, 0);
	case USBDEVFS_GETDRIVER:
		return -ENODATA;
	case USBDEVFS_IOCTL:
		return driver_ioctl(arg);
	case USBDEVFS_GET_CAPABILITIES:
		*(uint32_t *)arg = CAPABILITIES;
		return 0;
	case USBDEVFS_CONNECTINFO:
		return fill_connect_info(file, arg);
	case USBDEVFS_GET_SPEED:
		return (int)file->speed;
	case USBDEVFS_DROP_PRIVILEGES:
		return 0;
	default:
		return -ENOTTY;
	}
}

static int do_ioctl(struct file *file, int fd, unsigned long request, void *arg)
{
	int r;

	if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY)
		return reap(file, fd, request == USBDEVFS_REAPURB, arg);
	pthread_mutex_lock(&file->lock);
	r = file->gone ? -ENODEV : locked_ioctl(file, request, arg);
	pthread_mutex_unlock(&file->lock);
	return r;
}

bool usbfs_ioctl(int fd, unsigned long request, void *arg, int *ret)
{
	struct file *file = _IOC_TYPE(request) == USBFS_MAGIC_IOCTL ? file_get(fd) : NULL;
	int r;

	if (!file)
		return false;
	r = do_ioctl(file, fd, request, arg);
	*ret = r < 0 ? preload_fail(-r) : r;
	file_put(file);
	return true;
}
