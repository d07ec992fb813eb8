/* SPDX-License-Identifier: MIT */
/*
 * Writes pcapng (draft-ietf-opsawg-pcapng): one section, little-endian, microseconds.
 *
 * A capture is a growing file by its nature: it is created, or emptied, at the start and complete up to the last
 * flush at any time after. Only whole blocks are handed to write(2), so a killed rig leaves a file that reads to
 * its end (should the kernel itself be cut in a write, the last block alone is damaged and readers say so after all
 * the others). It may also be a FIFO.
 */
#ifndef DFURIG_REPORT_PCAPNG_H
#define DFURIG_REPORT_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"

#define PCAPNG_LINKTYPE_USB_LINUX_MMAPPED 220

struct pcapng;

/* Creates or empties the file and writes the section header. *ret is owned by the caller (pcapng_close). Returns 0
 * or negative errno; why names the path. */
MUST_CHECK int pcapng_create(const char *path, struct pcapng **ret, struct why *why);

/* Adds an interface; allowed at any time. Returns its number, from 0 on. */
uint32_t pcapng_add_interface(struct pcapng *pcapng, uint16_t linktype, const char *name);

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_us;   /* since 1970 */
	const void *header; /* the packet is header, then data */
	size_t header_size;
	const void *data;
	size_t data_size;
	size_t cut; /* bytes of the packet that are not in data */
};

void pcapng_add_packet(struct pcapng *pcapng, const struct pcapng_packet *packet);

/* Writes what is gathered. It happens by itself at 32 KiB. */
void pcapng_flush(struct pcapng *pcapng);

/* Flushes and closes. Returns 0, or the first error of all the writes (nothing was written after it). NULL is fine. */
int pcapng_close(struct pcapng *pcapng, struct why *why);

#endif
