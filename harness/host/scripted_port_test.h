/* SPDX-License-Identifier: MIT */
/* A serial port whose answers a test has written down, on virtual time. */
#ifndef DFURIG_HOST_SCRIPTED_PORT_TEST_H
#define DFURIG_HOST_SCRIPTED_PORT_TEST_H

#include <stdbool.h>

#include "harness/base/buf.h"
#include "harness/ports/serial_host.h"

/* The answer to one request; the last one of a script repeats. */
struct scripted_answer {
	const char *data; /* NULL = no answer */
	size_t size;
	bool raw;          /* as it is; else a frame is put around it */
	bool wrong_crc;    /* of that frame */
	uint32_t delay_ms; /* before the first byte */
	size_t piece;      /* bytes of each reading; 0 = all there is */
	uint32_t gap_ms;   /* before each further piece */
	int write_err;     /* what the writing gives */
	bool gone;         /* the port is gone instead of the answer */
};

/* One answer from text without NUL; ANSWER_AS with more of the struct's fields. */
#define ANSWER(text)                                                                               \
	{                                                                                          \
		.data = (text), .size = sizeof(text) - 1                                           \
	}
#define ANSWER_AS(text, ...)                                                                       \
	{                                                                                          \
		.data = (text), .size = sizeof(text) - 1, __VA_ARGS__                              \
	}

struct scripted_port {
	struct serial_port port;
	struct serial_host host;
	struct virtual_clock clock;
	const struct scripted_answer *answers;
	size_t answer_count;

	/* Instead of answers: called with each request; appends the answer's bytes to out. */
	void (*serve)(struct scripted_port *self, const uint8_t *data, size_t size);
	void *user;

	bool keep_input; /* drop_input finds nothing: what waits is still on its way */

	size_t requests;
	struct buf sent; /* all that was written */
	struct buf out;  /* what waits for the reader */
	uint64_t out_at_us;
	const struct scripted_answer *current;
};

/* CLEANUP(scripted_port_done) on it. */
void scripted_port_init(
	struct scripted_port *self, const struct scripted_answer *answers, size_t count);
void scripted_port_done(struct scripted_port *self);

uint64_t scripted_port_now_ms(const struct scripted_port *self);

#endif
