/* SPDX-License-Identifier: MIT */
#include "harness/report/pcapng.h"

#include "harness/base/buf.h"
#include "harness/base/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_SIZE  (32 * 1024)
#define BUFFER_SIZE (4 * 1024 * 1024) /* a block larger than this is an error */

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6, /* enhanced */
};

enum option {
	OPTION_END = 0,
	OPTION_SECTION_APPLICATION = 4,
	OPTION_INTERFACE_NAME = 2,
	OPTION_INTERFACE_RESOLUTION = 9,
};

#define BYTE_ORDER_MAGIC     0x1a2b3c4d
#define BLOCK_OVERHEAD       12 /* type, length, length again */
#define SECTION_FIXED        16
#define INTERFACE_FIXED      8
#define PACKET_FIXED         20
#define OPTION_HEADER        4
#define NAME_SIZE_MAX        255 /* of an interface; the rest is cut */
#define TICKS_MICROSECONDS   6   /* 10^-6 */
#define SECTION_SIZE_UNKNOWN UINT64_MAX

struct pcapng {
	int fd;
	int error; /* the first; negative errno */
	uint32_t interfaces;
	struct buf buf; /* whole blocks that are not written yet */
	char *path;     /* owned */
};

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static void fail(struct pcapng *pcapng, int error)
{
	if (!pcapng->error)
		pcapng->error = error;
	pcapng->buf.size = 0;
}

static void writer_padded(struct writer *out, const void *data, size_t size)
{
	if (size)
		writer_bytes(out, data, size);
	writer_fill(out, 0, padded(size) - size);
}

static void writer_option(struct writer *out, enum option code, const void *data, size_t size)
{
	writer_le16(out, (uint16_t)code);
	writer_le16(out, (uint16_t)size);
	writer_padded(out, data, size);
}

/* Reserves a block whose body has body_size bytes and writes its head. Returns false after an error. */
static bool block_begin(
	struct pcapng *pcapng, enum block_type type, size_t body_size, struct writer *ret)
{
	uint8_t *to;
	int r;

	if (pcapng->error)
		return false;
	r = buf_grow(&pcapng->buf, body_size + BLOCK_OVERHEAD, &to);
	if (r < 0) {
		fail(pcapng, r);
		return false;
	}
	*ret = writer_of(to, body_size + BLOCK_OVERHEAD);
	writer_le32(ret, type);
	writer_le32(ret, (uint32_t)ret->size);
	return true;
}

static void block_end(struct pcapng *pcapng, struct writer *out)
{
	writer_le32(out, (uint32_t)out->size);
	if (pcapng->buf.size >= FLUSH_SIZE)
		pcapng_flush(pcapng);
}

static void write_section(struct pcapng *pcapng)
{
	static const char application[] = "dfurig";
	size_t name_size = sizeof(application) - 1;
	struct writer out;

	if (!block_begin(pcapng, BLOCK_SECTION,
		    SECTION_FIXED + OPTION_HEADER + padded(name_size) + OPTION_HEADER, &out))
		return;
	writer_le32(&out, BYTE_ORDER_MAGIC);
	writer_le16(&out, 1); /* version 1.0 */
	writer_le16(&out, 0);
	writer_le64(&out, SECTION_SIZE_UNKNOWN);
	writer_option(&out, OPTION_SECTION_APPLICATION, application, name_size);
	writer_option(&out, OPTION_END, NULL, 0);
	block_end(pcapng, &out);
}

uint32_t pcapng_add_interface(struct pcapng *pcapng, uint16_t linktype, const char *name)
{
	const uint8_t resolution = TICKS_MICROSECONDS;
	size_t name_size = strlen(name);
	struct writer out;

	if (name_size > NAME_SIZE_MAX)
		name_size = NAME_SIZE_MAX;
	if (block_begin(pcapng, BLOCK_INTERFACE,
		    INTERFACE_FIXED + OPTION_HEADER + padded(name_size) + OPTION_HEADER +
			    padded(sizeof(resolution)) + OPTION_HEADER,
		    &out)) {
		writer_le16(&out, linktype);
		writer_le16(&out, 0); /* reserved */
		writer_le32(&out, 0); /* no limit of the packets' size */
		writer_option(&out, OPTION_INTERFACE_NAME, name, name_size);
		writer_option(&out, OPTION_INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
		writer_option(&out, OPTION_END, NULL, 0);
		block_end(pcapng, &out);
	}
	return pcapng->interfaces++;
}

void pcapng_add_packet(struct pcapng *pcapng, const struct pcapng_packet *packet)
{
	size_t size = packet->header_size + packet->data_size;
	struct writer out;

	if (!block_begin(pcapng, BLOCK_PACKET, PACKET_FIXED + padded(size), &out))
		return;
	writer_le32(&out, packet->interface);
	writer_le32(&out, (uint32_t)(packet->time_us >> 32));
	writer_le32(&out, (uint32_t)packet->time_us);
	writer_le32(&out, (uint32_t)size);
	writer_le32(&out, (uint32_t)(size + packet->cut));
	writer_bytes(&out, packet->header, packet->header_size);
	if (packet->data_size)
		writer_bytes(&out, packet->data, packet->data_size);
	writer_fill(&out, 0, padded(size) - size);
	block_end(pcapng, &out);
}

void pcapng_flush(struct pcapng *pcapng)
{
	size_t done = 0;

	while (!pcapng->error && done < pcapng->buf.size) {
		ssize_t n = write(pcapng->fd, pcapng->buf.data + done, pcapng->buf.size - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			fail(pcapng, -errno);
	}
	pcapng->buf.size = 0;
}

int pcapng_create(const char *path, struct pcapng **ret, struct why *why)
{
	struct pcapng *pcapng = calloc(1, sizeof(*pcapng));

	if (!pcapng)
		return why_errno(why, -ENOMEM, "%s", path);
	buf_init(&pcapng->buf, BUFFER_SIZE);
	pcapng->path = strdup(path);
	pcapng->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (pcapng->fd < 0)
		fail(pcapng, -errno);
	write_section(pcapng);
	pcapng_flush(pcapng);
	if (pcapng->error)
		return pcapng_close(pcapng, why);
	*ret = pcapng;
	return 0;
}

int pcapng_close(struct pcapng *pcapng, struct why *why)
{
	int r;

	if (!pcapng)
		return 0;
	pcapng_flush(pcapng);
	r = pcapng->error;
	/* A full network disk may say so only here. */
	if (pcapng->fd >= 0 && close(pcapng->fd) < 0 && !r)
		r = -errno;
	if (r < 0)
		why_errno(why, r, "%s", pcapng->path ? pcapng->path : "capture");
	buf_done(&pcapng->buf);
	free(pcapng->path);
	free(pcapng);
	return r;
}
