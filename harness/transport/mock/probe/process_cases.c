/* SPDX-License-Identifier: MIT */
/* An open node and what processes do: fork, close every number, use it in threads. */
#include "harness/transport/mock/probe/probe.h"

#include "harness/base/attr.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 100

static bool gives_descriptor(libusb_device_handle *handle, const char *when)
{
	uint8_t data[DEVICE_SIZE];
	int r = get_device_descriptor(handle, data, sizeof(data));

	return r == DEVICE_SIZE || say(when, r);
}

static bool gives_status(libusb_device_handle *handle, const char *when)
{
	uint8_t status[DFU_STATUS_SIZE];
	int r = get_status(handle, status, TIMEOUT_MS);

	return r == DFU_STATUS_SIZE || say(when, r);
}

/* Forked without exec, as daemons do: both have the open node and its claims, and neither disturbs the other. */
bool survives_fork(libusb_device_handle *handle)
{
	int r = libusb_claim_interface(handle, 0), status = -1;
	pid_t pid;

	if (r < 0)
		return say("not claimed", r);
	pid = fork();
	if (pid == 0)
		_exit(gives_descriptor(handle, "the child gets") &&
					gives_status(handle, "the child's claim gives")
				? 0
				: 1);
	waitpid(pid, &status, 0);
	return (status == 0 || say("the child says", status)) &&
	       gives_status(handle, "after a fork the parent's handle gives");
}

/* The parent ends, the child goes on. */
bool becomes_daemon(libusb_device_handle *handle)
{
	int ends[2], r = libusb_claim_interface(handle, 0);
	char fine = 'n';
	pid_t pid;

	if (r < 0 || pipe(ends) < 0)
		return say("not claimed", r);
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid > 0)
			_exit(0);
		libusb_close(handle); /* of another copy: nothing to us */
		_exit(write(ends[1], "y", 1) == 1 ? 0 : 1);
	}
	waitpid(pid, NULL, 0);
	close(ends[1]);
	if (read(ends[0], &fine, 1) != 1 || fine != 'y')
		return say("the grandchild has ended", 0);
	close(ends[0]);
	return gives_status(handle, "after the copies were closed the handle gives");
}

/* Closing all numbers that a program does not know, as daemons and shells do. */
bool survives_closing(libusb_device_handle *handle)
{
	struct stat st;

	for (int fd = 800; fd < 1024; fd++)
		close(fd);
	close_range(850, ~0u, 0);
	closefrom(860);
	if (!gives_descriptor(handle, "after closing all numbers") || stat(NODE, &st) < 0)
		return say("the node is gone", errno);
	return true;
}

/* Behind the mock's back, by system calls: the device is gone then, and nothing is written where it does not belong. */
bool leaves_foreign_files_alone(libusb_device_handle *handle UNUSED)
{
	int fd = open_node(O_RDWR), file = memfd_create("foreign", MFD_CLOEXEC);
	struct usbdevfs_getdriver driver = {.interface = 0};
	struct stat st;

	syscall(SYS_close_range, 850, ~0u, 0);
	for (int number = 850; number < 1000; number++)
		syscall(SYS_dup2, file, number);
	if (ioctl(fd, USBDEVFS_GETDRIVER, &driver) >= 0 || errno != ENODEV)
		return say("a call on a lost connection", errno);
	if (stat(NODE, &st) < 0 || !S_ISCHR(st.st_mode))
		return say("the node is gone", errno);
	if (fstat(file, &st) < 0 || st.st_size)
		return say("bytes in a foreign file", (int)st.st_size);
	close(fd);
	fd = open_node(O_RDWR);
	return fd >= 0 ? true : say("the node does not open again", errno);
}

static void *open_and_close(void *arg UNUSED)
{
	uint32_t capabilities;
	intptr_t good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = open_node(O_RDWR), copy = dup(fd);
		DIR *dir = opendir("/sys/bus/usb/devices");

		good += dir && readdir(dir) && close(fd) == 0 &&
			ioctl(copy, USBDEVFS_GET_CAPABILITIES, &capabilities) == 0 &&
			close(copy) == 0;
		if (dir)
			closedir(dir);
	}
	return (void *)good;
}

bool opens_in_threads(libusb_device_handle *handle UNUSED)
{
	pthread_t threads[THREADS];
	intptr_t good = 0;
	void *result;

	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, open_and_close, NULL);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		good += (intptr_t)result;
	}
	return good == THREADS * ROUNDS ? true : say("good rounds", (int)good);
}
