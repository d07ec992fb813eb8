/* SPDX-License-Identifier: MIT */
/* ioctl() on open USB nodes. Source: drivers/usb/core/devio.c of Linux 6.1. */
#include "harness/transport/mock/preload/usbfs.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define SETUP_SIZE        8
#define USBFS_MAGIC_IOCTL 'U'
#define CONNINFO_EX_NR    32
#define CONTROL_MAX       4096 /* of USBDEVFS_CONTROL: a page */

#define CAPABILITIES                                                                               \
	(USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |                              \
		USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_DROP_PRIVILEGES |                \
		USBDEVFS_CAP_CONNINFO_EX)

#define URB_FLAGS                                                                                  \
	(USBDEVFS_URB_SHORT_NOT_OK | USBDEVFS_URB_ISO_ASAP | USBDEVFS_URB_BULK_CONTINUATION |      \
		USBDEVFS_URB_NO_FSBR | USBDEVFS_URB_ZERO_PACKET | USBDEVFS_URB_NO_INTERRUPT)

static int call(struct file *file, enum mock_call what, uint32_t a, uint32_t b)
{
	struct mock_message message = {.kind = MOCK_CALL, .a = what, .b = a, .c = b};

	return usbfs_file_request(file, message, NULL, 0, NULL);
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

	if (type < 0 || urb->flags & ~(unsigned int)URB_FLAGS || urb->buffer_length < (int)setup ||
		(size_t)urb->buffer_length - setup > MOCK_PAYLOAD_MAX ||
		(urb->buffer_length && !urb->buffer))
		return -EINVAL;
	message.a = (uint32_t)type;
	message.b = urb->endpoint;
	message.c = (uint32_t)((size_t)urb->buffer_length - setup);
	if (!is_in(urb)) {
		out.iov_base = (uint8_t *)urb->buffer + setup;
		out.iov_len = message.c;
	}
	return usbfs_file_request(file, message, urb->buffer, setup, &out);
}

/* Writes the outcome into the program's URB. */
static void give_back(const struct completion *completion, struct usbdevfs_urb *urb)
{
	size_t setup = urb->type == USBDEVFS_URB_TYPE_CONTROL ? SETUP_SIZE : 0;

	urb->status = completion->status;
	urb->actual_length = (int)completion->actual;
	urb->error_count = 0;
	if (urb->flags & USBDEVFS_URB_SHORT_NOT_OK && !urb->status && is_in(urb) &&
		(size_t)urb->actual_length + setup < (size_t)urb->buffer_length)
		urb->status = -EREMOTEIO;
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

static int reap_now(struct file *file, int fd, struct usbdevfs_urb **ret)
{
	int r;

	if (list_empty(&file->completed)) {
		usbfs_file_settle(file);
		usbfs_file_drain(file);
	}
	r = reap_first(file, ret);
	usbfs_file_settle_pipe(file, fd);
	return r < 0 && file->gone ? -ENODEV : r;
}

/* Waits for the pipe, as the program's own poll() does: another thread may take in the message that fills the list. */
static int reap(struct file *file, int fd, bool block, struct usbdevfs_urb **ret)
{
	struct pollfd pipe = {.fd = fd, .events = POLLOUT};
	int r;

	for (;;) {
		pthread_mutex_lock(&file->lock);
		r = reap_now(file, fd, ret);
		pthread_mutex_unlock(&file->lock);
		if (r != -EAGAIN || !block)
			return r;
		if (poll(&pipe, 1, -1) < 0)
			return -errno;
		if (pipe.revents & POLLNVAL)
			return -EBADF;
	}
}

static int discard(struct file *file, const void *urb)
{
	struct mock_message message = {.kind = MOCK_DISCARD, .tag = (uint64_t)(uintptr_t)urb};

	return usbfs_file_request(file, message, NULL, 0, NULL);
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
	uint64_t until_us =
		clock_after_us(clock_monotonic(), timeout_ms ? timeout_ms * 1000ull : CLOCK_NEVER);

	while (!find_completion(file, urb)) {
		if (file->gone)
			return -ENODEV;
		if (clock_now_us(clock_monotonic()) >= until_us)
			return discard(file, urb) < 0 ? 0 : -ETIMEDOUT;
		usbfs_file_listen(file, until_us);
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
	uint8_t *buffer;
	int r;

	if (control->wLength > CONTROL_MAX)
		return -EINVAL;
	if (control->wLength && !control->data)
		return -EFAULT;
	buffer = malloc(SETUP_SIZE + (size_t)control->wLength);
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

/* --- drivers --- */

static const char *const drivers[] = {[MOCK_DRIVER_USBFS] = "usbfs",
	[MOCK_DRIVER_HUB] = "hub",
	[MOCK_DRIVER_CDC_ACM] = "cdc_acm",
	[MOCK_DRIVER_USBTEST] = "usbtest"};

/* The driver of an interface's name; -ENODATA: none. */
static int find_driver(struct file *file, unsigned int interface, const char **ret)
{
	int r = call(file, MOCK_GET_DRIVER, interface, 0);

	if (r < 0)
		return r;
	*ret = (size_t)r < ARRAY_SIZE(drivers) && drivers[r] ? drivers[r] : "?";
	return 0;
}

static int get_driver(struct file *file, struct usbdevfs_getdriver *driver)
{
	const char *name;
	int r = find_driver(file, driver->interface, &name);

	if (r == 0)
		snprintf(driver->driver, sizeof(driver->driver), "%s", name);
	return r;
}

/* A driver that may not be disconnected (the hub's, another program) is left: the claim says EBUSY then. */
static int disconnect_claim(struct file *file, const struct usbdevfs_disconnect_claim *claim)
{
	const char *name = NULL;
	int r = find_driver(file, claim->interface, &name);

	if (r < 0 && r != -ENODATA)
		return r == -ENOENT ? -EINVAL : r;
	if (name && claim->flags & USBDEVFS_DISCONNECT_CLAIM_IF_DRIVER &&
		strncmp(claim->driver, name, sizeof(claim->driver)) != 0)
		return -EBUSY;
	if (name && claim->flags & USBDEVFS_DISCONNECT_CLAIM_EXCEPT_DRIVER &&
		strncmp(claim->driver, name, sizeof(claim->driver)) == 0)
		return -EBUSY;
	if (name)
		(void)!call(file, MOCK_DISCONNECT, claim->interface, 0);
	return call(file, MOCK_CLAIM, claim->interface, 0);
}

static int driver_ioctl(struct file *file, const struct usbdevfs_ioctl *inner)
{
	const char *name;
	int r = find_driver(file, (unsigned int)inner->ifno, &name);

	switch ((unsigned long)inner->ioctl_code) {
	case USBDEVFS_DISCONNECT:
		return r == 0 ? call(file, MOCK_DISCONNECT, (uint32_t)inner->ifno, 0) : r;
	case USBDEVFS_CONNECT:
		if (r == -ENODATA)
			return call(file, MOCK_CONNECT, (uint32_t)inner->ifno, 0);
		return r == 0 ? -EBUSY : r;
	default:
		return -ENOTTY;
	}
}

/* --- ioctl --- */

static int fill_connect_info(const struct file *file, struct usbdevfs_connectinfo *info)
{
	*info = (struct usbdevfs_connectinfo){.devnum = file->devnum, .slow = file->speed == 1};
	return 0;
}

/* As much of it as the program has room for. */
static int fill_connect_info_ex(const struct file *file, void *arg, size_t size)
{
	struct usbdevfs_conninfo_ex info = {
		.size = sizeof(info),
		.busnum = file->bus,
		.devnum = file->devnum,
		.speed = file->speed,
		.num_ports = file->port ? 1 : 0,
		.ports = {(uint8_t)file->port},
	};

	if (!arg)
		return -EFAULT;
	memcpy(arg, &info, size < sizeof(info) ? size : sizeof(info));
	return 0;
}

/* With file->lock, the device is there. */
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
		return disconnect_claim(file, arg);
	case USBDEVFS_RELEASEINTERFACE:
		return call(file, MOCK_RELEASE, *(unsigned int *)arg, 0);
	case USBDEVFS_SETINTERFACE:
		return call(file, MOCK_SET_ALT, alternate->interface, alternate->altsetting);
	case USBDEVFS_SETCONFIGURATION:
		return call(file, MOCK_SET_CONFIG, *(unsigned int *)arg, 0);
	case USBDEVFS_CLEAR_HALT:
		return call(file, MOCK_CLEAR_HALT, *(unsigned int *)arg, 0);
	case USBDEVFS_RESETEP:
		return call(file, MOCK_RESET_ENDPOINT, *(unsigned int *)arg, 0);
	case USBDEVFS_RESET:
		return call(file, MOCK_RESET, 0, 0);
	case USBDEVFS_GETDRIVER:
		return get_driver(file, arg);
	case USBDEVFS_IOCTL:
		return driver_ioctl(file, arg);
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
		if (_IOC_NR(request) == CONNINFO_EX_NR && _IOC_DIR(request) == _IOC_READ)
			return fill_connect_info_ex(file, arg, _IOC_SIZE(request));
		return -ENOTTY;
	}
}

static int do_ioctl(struct file *file, int fd, unsigned long request, void *arg)
{
	int r;

	if ((file->flags & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	if (!arg && _IOC_SIZE(request))
		return -EFAULT;
	if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY)
		return reap(file, fd, request == USBDEVFS_REAPURB, arg);
	pthread_mutex_lock(&file->lock);
	usbfs_file_settle(file);
	r = file->gone ? -ENODEV : locked_ioctl(file, request, arg);
	pthread_mutex_unlock(&file->lock);
	return r;
}

bool usbfs_ioctl(int fd, unsigned long request, void *arg, int *ret)
{
	struct file *file = _IOC_TYPE(request) == USBFS_MAGIC_IOCTL ? usbfs_file_get(fd) : NULL;
	int r;

	if (!file)
		return false;
	r = do_ioctl(file, fd, request, arg);
	*ret = r < 0 ? preload_fail(-r) : r;
	usbfs_file_put(file);
	return true;
}
