/* SPDX-License-Identifier: MIT */
/*
 * The peer of the mock: a 0483:df11 served by umockdev's own handler of ioctls, as its reference manual says
 * (UMockdevIoctlBase, signal handle-ioctl), and a command that sees it. Every request is answered at once, with zeros
 * or with the device descriptor; there is no bootloader behind it, so that nothing but the way to it is measured, and
 * of the ways that the manual offers the quickest is taken.
 * Usage: umockdev_board COMMAND [ARG...]. Exit code of the command.
 */
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

#define NODE        "/dev/bus/usb/001/002"
#define PRELOAD     "libumockdev-preload.so.0"
#define SETUP_SIZE  8
#define DEVICE_SIZE 18

/* In hexadecimal, as the test bed takes it. */
#define DEVICE_HEX    "1201000200000040830411df000200000001"
#define CONFIG_HEX    "09021b000101008032"
#define INTERFACE_HEX "0904000000fe010200"
#define DFU_HEX       "09210bff0000081a01"

static const char board[] = "P: /devices/usb1/1-1\n"
			    "N: bus/usb/001/002\n"
			    "E: DEVNAME=" NODE "\n"
			    "E: DEVTYPE=usb_device\n"
			    "E: SUBSYSTEM=usb\n"
			    "A: busnum=1\\n\n"
			    "A: devnum=2\\n\n"
			    "A: speed=12\\n\n"
			    "A: bConfigurationValue=1\\n\n"
			    "H: descriptors=" DEVICE_HEX CONFIG_HEX INTERFACE_HEX DFU_HEX "\n";

static const guint8 device_descriptor[DEVICE_SIZE] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x40, 0x83, 0x04, 0x11, 0xdf, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01};

/* URBs that are done and wait to be reaped. Touched by the test bed's thread only. */
static GQueue done = G_QUEUE_INIT;

/* Answers a control transfer: buffer is setup + data, size is wLength. */
static gint answer(guint8 *buffer, gint size)
{
	if ((buffer[0] & 0x80) == 0)
		return size;
	memset(buffer + SETUP_SIZE, 0, (size_t)size);
	if (buffer[1] != 6 /* GET_DESCRIPTOR */ || buffer[3] != 1 /* DEVICE */)
		return size;
	size = MIN(size, DEVICE_SIZE);
	memcpy(buffer + SETUP_SIZE, device_descriptor, (size_t)size);
	return size;
}

static void submit(UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
	g_autoptr(UMockdevIoctlData) buffer = NULL;
	struct usbdevfs_urb *urb;
	UMockdevIoctlData *data = umockdev_ioctl_data_resolve(arg, 0, sizeof(*urb), NULL);

	urb = (struct usbdevfs_urb *)data->data;
	buffer = umockdev_ioctl_data_resolve(
		data, offsetof(struct usbdevfs_urb, buffer), (gsize)urb->buffer_length, NULL);
	urb->actual_length = answer(buffer->data, urb->buffer_length - SETUP_SIZE);
	urb->status = 0;
	g_queue_push_tail(&done, data);
	umockdev_ioctl_client_complete(client, 0, 0);
}

/* The URB is in the client's memory since it was submitted, so its address is enough. */
static void reap(UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
	g_autoptr(UMockdevIoctlData) urb = g_queue_pop_head(&done);
	g_autoptr(UMockdevIoctlData) where = NULL;

	if (!urb) {
		umockdev_ioctl_client_complete(client, -1, EAGAIN);
		return;
	}
	where = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
	memcpy(where->data, &urb->client_addr, sizeof(void *));
	umockdev_ioctl_client_complete(client, 0, 0);
}

static void capabilities(UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
	const guint32 value = USBDEVFS_CAP_BULK_CONTINUATION | USBDEVFS_CAP_ZERO_PACKET;
	g_autoptr(UMockdevIoctlData) data =
		umockdev_ioctl_data_resolve(arg, 0, sizeof(value), NULL);

	memcpy(data->data, &value, sizeof(value));
	umockdev_ioctl_client_complete(client, 0, 0);
}

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);

	(void)base;
	(void)user;
	switch (umockdev_ioctl_client_get_request(client)) {
	case USBDEVFS_SUBMITURB:
		submit(client, arg);
		return TRUE;
	case USBDEVFS_REAPURB:
	case USBDEVFS_REAPURBNDELAY:
		reap(client, arg);
		return TRUE;
	case USBDEVFS_GET_CAPABILITIES:
		capabilities(client, arg);
		return TRUE;
	case USBDEVFS_CLAIMINTERFACE:
	case USBDEVFS_RELEASEINTERFACE:
	case USBDEVFS_SETCONFIGURATION:
	case USBDEVFS_SETINTERFACE:
	case USBDEVFS_CLEAR_HALT:
	case USBDEVFS_RESET:
		umockdev_ioctl_client_complete(client, 0, 0);
		return TRUE;
	case USBDEVFS_DISCARDURB:
		umockdev_ioctl_client_complete(client, -1, EINVAL); /* all are done */
		return TRUE;
	default:
		umockdev_ioctl_client_complete(client, -1, ENOTTY);
		return TRUE;
	}
}

/* Exit code of the command. */
static int run(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("LD_PRELOAD", PRELOAD, 1);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	g_autoptr(UMockdevTestbed) bed = umockdev_testbed_new();
	g_autoptr(UMockdevIoctlBase) handler = umockdev_ioctl_base_new();
	g_autoptr(GError) error = NULL;

	if (argc < 2)
		return EXIT_FAILURE;
	g_signal_connect(handler, "handle-ioctl", G_CALLBACK(on_ioctl), NULL);
	if (!umockdev_testbed_add_from_string(bed, board, &error) ||
		!umockdev_testbed_attach_ioctl(bed, NODE, handler, &error)) {
		fprintf(stderr, "umockdev_board: %s\n", error->message);
		return EXIT_FAILURE;
	}
	return run(argv + 1);
}
