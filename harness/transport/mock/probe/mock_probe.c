/* SPDX-License-Identifier: MIT */
/*
 * A libusb program that looks for what a mock may get wrong: time-outs, cancelling, hotplug, several users at once.
 * The tests run it under `dfurig exec`; under a real kernel and with a real F407 in DFU mode it must say the same.
 * Usage: mock_probe CASE. Exit code 0 when all is as with the kernel; else a line on stderr and 1.
 */
#include "harness/transport/mock/probe/probe.h"

#include "harness/base/attr.h"
#include "harness/base/clock.h"

#include <libusb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ST_VID     0x0483
#define DFU_PID    0xdf11
#define PER_THREAD 500
#define IN_FLIGHT  64

static libusb_context *context;

bool say(const char *what, int got)
{
	fprintf(stderr, "mock_probe: %s (%d, %s)\n", what, got, libusb_error_name(got));
	return false;
}

static libusb_device_handle *open_board(void)
{
	libusb_device_handle *handle = libusb_open_device_with_vid_pid(context, ST_VID, DFU_PID);

	if (!handle)
		say("no board to open", 0);
	return handle;
}

int get_device_descriptor(libusb_device_handle *handle, uint8_t *data, size_t size)
{
	return libusb_control_transfer(handle, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
		LIBUSB_DT_DEVICE << 8, 0, data, (uint16_t)size, TIMEOUT_MS);
}

int get_status(libusb_device_handle *handle, uint8_t status[DFU_STATUS_SIZE], unsigned int ms)
{
	return libusb_control_transfer(
		handle, CLASS_IN, DFU_GETSTATUS, 0, 0, status, DFU_STATUS_SIZE, ms);
}

static int download(libusb_device_handle *handle, const uint8_t *data, size_t size)
{
	return libusb_control_transfer(
		handle, CLASS_OUT, DFU_DNLOAD, 0, 0, (uint8_t *)data, (uint16_t)size, TIMEOUT_MS);
}

bool make_busy(libusb_device_handle *handle)
{
	static const uint8_t mass_erase[] = {DFUSE_ERASE};
	uint8_t status[DFU_STATUS_SIZE] = {0};
	int r;

	r = libusb_claim_interface(handle, 0);
	if (r == 0)
		r = libusb_control_transfer(
			handle, CLASS_OUT, DFU_CLRSTATUS, 0, 0, NULL, 0, TIMEOUT_MS);
	if (r == 0)
		r = download(handle, mass_erase, sizeof(mass_erase));
	if (r == sizeof(mass_erase))
		r = get_status(handle, status, TIMEOUT_MS);
	return r == DFU_STATUS_SIZE && status[4] == DFU_DNBUSY ? true
							       : say("mass erase refused", r);
}

static uint64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* --- cases --- */

static bool times_out(libusb_device_handle *handle)
{
	uint8_t status[DFU_STATUS_SIZE] = {0};
	uint64_t before_us, cpu_before_us, took_us;
	int r;

	if (!make_busy(handle))
		return false;
	before_us = clock_now_us(clock_monotonic());
	cpu_before_us = cpu_us();
	r = get_status(handle, status, SHORT_MS);
	took_us = clock_now_us(clock_monotonic()) - before_us;
	if (r != LIBUSB_ERROR_TIMEOUT)
		return say("a NAKed transfer does not time out", r);
	if (took_us < SHORT_MS * 1000)
		return say("it times out too early (us)", (int)took_us);
	if (cpu_us() - cpu_before_us > SHORT_MS * 1000 / 4)
		return say("waiting burns processor time (us)", (int)(cpu_us() - cpu_before_us));
	/* Two more in a row: the first left nothing behind. */
	r = get_status(handle, status, 1);
	return r == LIBUSB_ERROR_TIMEOUT ? true : say("the next transfer does not time out", r);
}

static void LIBUSB_CALL note_completion(struct libusb_transfer *transfer)
{
	int *completed = transfer->user_data;

	(*completed)++;
}

static void run_until(const int *value, int wanted)
{
	uint64_t until_us = clock_after_us(clock_monotonic(), LIMIT_MS * 1000ull);
	struct timeval wait = {.tv_sec = 1};

	while (*value < wanted && clock_now_us(clock_monotonic()) < until_us)
		libusb_handle_events_timeout_completed(context, &wait, NULL);
}

static bool cancels(libusb_device_handle *handle)
{
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	uint8_t buffer[LIBUSB_CONTROL_SETUP_SIZE + DFU_STATUS_SIZE];
	int completed = 0, r;
	bool fine;

	libusb_fill_control_setup(buffer, CLASS_IN, DFU_GETSTATUS, 0, 0, DFU_STATUS_SIZE);
	libusb_fill_control_transfer(transfer, handle, buffer, note_completion, &completed, 0);
	fine = make_busy(handle);
	r = fine ? libusb_submit_transfer(transfer) : 0;
	fine = fine && (r == 0 || say("not submitted", r));
	r = fine ? libusb_cancel_transfer(transfer) : 0;
	fine = fine && (r == 0 || say("not cancelled", r));
	if (fine)
		run_until(&completed, 1);
	if (fine && transfer->status != LIBUSB_TRANSFER_CANCELLED)
		fine = say("it ends in another way", (int)transfer->status);
	libusb_free_transfer(transfer);
	return fine;
}

static bool keeps_many_in_flight(libusb_device_handle *handle)
{
	static uint8_t buffers[IN_FLIGHT][LIBUSB_CONTROL_SETUP_SIZE + DEVICE_SIZE];
	struct libusb_transfer *transfers[IN_FLIGHT];
	int completed = 0, good = 0;

	for (size_t i = 0; i < IN_FLIGHT; i++) {
		transfers[i] = libusb_alloc_transfer(0);
		libusb_fill_control_setup(buffers[i], LIBUSB_ENDPOINT_IN,
			LIBUSB_REQUEST_GET_DESCRIPTOR, LIBUSB_DT_DEVICE << 8, 0, DEVICE_SIZE);
		libusb_fill_control_transfer(
			transfers[i], handle, buffers[i], note_completion, &completed, TIMEOUT_MS);
		if (libusb_submit_transfer(transfers[i]) < 0)
			return say("not submitted", (int)i);
	}
	run_until(&completed, IN_FLIGHT);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		good += transfers[i]->status == LIBUSB_TRANSFER_COMPLETED &&
			transfers[i]->actual_length == DEVICE_SIZE;
		libusb_free_transfer(transfers[i]);
	}
	return good == IN_FLIGHT ? true : say("of them completed", good);
}

static void *ask_often(void *arg)
{
	uint8_t data[DEVICE_SIZE];
	intptr_t good = 0;

	for (int i = 0; i < PER_THREAD; i++)
		good += get_device_descriptor(arg, data, sizeof(data)) == DEVICE_SIZE;
	return (void *)good;
}

static bool serves_threads(libusb_device_handle *handle)
{
	pthread_t threads[THREADS];
	intptr_t good = 0;
	void *result;

	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask_often, handle);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		good += (intptr_t)result;
	}
	return good == THREADS * PER_THREAD ? true
					    : say("of the threads' transfers came", (int)good);
}

/* In another process: may look, may not claim. Its exit code: 0 as it should be. */
static int use_beside(void)
{
	libusb_device_handle *handle;
	uint8_t data[DEVICE_SIZE];
	int r;

	if (libusb_init(&context) < 0)
		return 2;
	handle = open_board();
	if (!handle)
		return 3;
	r = get_device_descriptor(handle, data, sizeof(data));
	if (r != DEVICE_SIZE)
		return say("the second process cannot read", r), 4;
	r = libusb_claim_interface(handle, 0);
	if (r != LIBUSB_ERROR_BUSY)
		return say("the second process can claim too", r), 5;
	libusb_close(handle);
	libusb_exit(context);
	return 0;
}

static bool shares_with_another_process(libusb_device_handle *handle)
{
	int r = libusb_claim_interface(handle, 0), status = -1;
	pid_t pid;

	if (r < 0)
		return say("not claimed", r);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "mock_probe", "beside", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	return status == 0 ? true : say("the second process says", status);
}

struct seen {
	int left, arrived;
};

static int LIBUSB_CALL on_hotplug(libusb_context *ctx UNUSED, libusb_device *device UNUSED,
	libusb_hotplug_event event, void *user_data)
{
	struct seen *seen = user_data;

	if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT)
		seen->left++;
	else
		seen->arrived++;
	return 0;
}

static int watch_hotplug(struct seen *seen)
{
	return libusb_hotplug_register_callback(context,
		LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0, ST_VID,
		DFU_PID, LIBUSB_HOTPLUG_MATCH_ANY, on_hotplug, seen, NULL);
}

/* DFU_DETACH makes the board leave the bus and come back. */
static bool sees_hotplug(libusb_device_handle *handle)
{
	struct seen seen = {0};
	uint8_t data[DEVICE_SIZE];
	int r;

	r = watch_hotplug(&seen);
	if (r < 0)
		return say("no hotplug", r);
	r = libusb_claim_interface(handle, 0);
	if (r == 0)
		r = libusb_control_transfer(
			handle, CLASS_OUT, DFU_DETACH, 1000, 0, NULL, 0, TIMEOUT_MS);
	if (r < 0)
		return say("not detached", r);
	run_until(&seen.arrived, 1);
	if (seen.left != 1 || seen.arrived != 1)
		return say("left and arrived (hundreds, ones)", seen.left * 100 + seen.arrived);
	r = get_device_descriptor(handle, data, sizeof(data));
	if (r != LIBUSB_ERROR_NO_DEVICE)
		return say("the old handle still works", r);
	handle = open_board();
	r = handle ? get_device_descriptor(handle, data, sizeof(data)) : LIBUSB_ERROR_NO_DEVICE;
	if (handle)
		libusb_close(handle);
	return r == DEVICE_SIZE ? true : say("the board that came back does not answer", r);
}

/* Several listeners in processes of their own; the tests start them beside a detach. Says "ready", then waits. */
static bool listens(libusb_device_handle *handle UNUSED)
{
	struct seen seen = {0};

	if (watch_hotplug(&seen) < 0)
		return say("no hotplug", 0);
	puts("ready");
	fflush(stdout);
	run_until(&seen.arrived, 1);
	return seen.left == 1 && seen.arrived == 1
		       ? true
		       : say("left and arrived", seen.left * 100 + seen.arrived);
}

static bool survives_reset(libusb_device_handle *handle)
{
	uint8_t data[DEVICE_SIZE];
	int r = libusb_reset_device(handle);

	if (r < 0)
		return say("reset", r);
	r = get_device_descriptor(handle, data, sizeof(data));
	return r == DEVICE_SIZE ? true : say("after a reset the board does not answer", r);
}

struct probe_case {
	const char *name;
	bool (*run)(libusb_device_handle *handle);
	bool closes; /* has closed the handle, or its device is gone for good */
};

static const struct probe_case cases[] = {
	{"timeout", times_out, false},
	{"cancel", cancels, false},
	{"in-flight", keeps_many_in_flight, false},
	{"threads", serves_threads, false},
	{"share", shares_with_another_process, false},
	{"hotplug", sees_hotplug, false},
	{"listen", listens, false},
	{"departure", notices_departure, true},
	{"ioctl", waits_in_ioctl, false},
	{"reset", survives_reset, false},
	{"fork", survives_fork, false},
	{"daemon", becomes_daemon, false},
	{"calls", answers_as_the_kernel, false},
	{"bad-urbs", refuses_bad_urbs, false},
	{"wait", can_be_waited_for, false},
	{"reap", reaps_in_a_thread, false},
	{"meanwhile", answers_meanwhile, false},
	{"interrupt", is_interrupted, false},
	{"close-all", survives_closing, false},
	{"foreign", leaves_foreign_files_alone, true},
	{"open", opens_in_threads, false},
};

static int run_case(const struct probe_case *probe)
{
	libusb_device_handle *handle;
	bool fine;

	if (libusb_init(&context) < 0)
		return 1;
	handle = open_board();
	fine = handle && probe->run(handle);
	if (handle && !probe->closes)
		libusb_close(handle);
	libusb_exit(context);
	return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "beside") == 0)
		return use_beside();
	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(cases); i++)
		if (strcmp(argv[1], cases[i].name) == 0)
			return run_case(&cases[i]);
	fputs("usage: mock_probe CASE; the cases:", stderr);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		fprintf(stderr, " %s", cases[i].name);
	fputs("\n", stderr);
	return 2;
}
