/* SPDX-License-Identifier: MIT */
/* The probe's cases, and what they share. */
#ifndef DFURIG_TRANSPORT_MOCK_PROBE_PROBE_H
#define DFURIG_TRANSPORT_MOCK_PROBE_PROBE_H

#include <libusb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* USB DFU 1.1, and DfuSe's erase command: numbers of its own, as a foreign program has. */
enum { DFU_DETACH, DFU_DNLOAD, DFU_UPLOAD, DFU_GETSTATUS, DFU_CLRSTATUS };
#define DFU_STATUS_SIZE 6
#define DFU_DNBUSY      4
#define DFUSE_ERASE     0x41

#define CLASS_IN    0xa1 /* class request to an interface */
#define CLASS_OUT   0x21
#define DEVICE_SIZE 18
#define NODE        "/dev/bus/usb/001/002"
#define TIMEOUT_MS  1000
#define SHORT_MS    200
#define LIMIT_MS    20000
#define THREADS     4

/* Tells what is wrong; false. */
bool say(const char *what, int got);

int get_device_descriptor(libusb_device_handle *handle, uint8_t *data, size_t size);
int get_status(libusb_device_handle *handle, uint8_t status[DFU_STATUS_SIZE], unsigned int ms);

/* Mass erase has begun: from here the board NAKs for seconds (at the chip's pace). */
bool make_busy(libusb_device_handle *handle);

/* The node without libusb. */
int open_node(int flags);

/* usbfs_cases.c */
bool notices_departure(libusb_device_handle *handle);
bool waits_in_ioctl(libusb_device_handle *handle);
bool answers_as_the_kernel(libusb_device_handle *handle);
bool refuses_bad_urbs(libusb_device_handle *handle);
bool can_be_waited_for(libusb_device_handle *handle);
bool reaps_in_a_thread(libusb_device_handle *handle);
bool answers_meanwhile(libusb_device_handle *handle);
bool is_interrupted(libusb_device_handle *handle);

/* process_cases.c */
bool survives_fork(libusb_device_handle *handle);
bool becomes_daemon(libusb_device_handle *handle);
bool survives_closing(libusb_device_handle *handle);
bool leaves_foreign_files_alone(libusb_device_handle *handle);
bool opens_in_threads(libusb_device_handle *handle);

#endif
