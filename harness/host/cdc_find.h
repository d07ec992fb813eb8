/* SPDX-License-Identifier: MIT */
/* Finds the serial port in a USB configuration: a CDC-ACM interface and its data interface. */
#ifndef DFURIG_HOST_CDC_FIND_H
#define DFURIG_HOST_CDC_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdc_function {
	uint8_t interface;      /* communication: class 02, subclass 02, protocol 01 */
	uint8_t data_interface; /* class 0A */
	uint8_t notify;         /* interrupt IN endpoint; 0 = none */
	uint16_t notify_size;   /* bytes of its largest packet */
	uint8_t in, out;        /* bulk endpoints */
	uint16_t in_size, out_size;
};

/* Looks through the bytes of a configuration descriptor. False: no port in it. Nothing is believed beyond size. */
bool cdc_find(const uint8_t *config, size_t size, struct cdc_function *ret);

#endif
