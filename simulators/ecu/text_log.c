/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/text_log.h"

#include <stdarg.h>
#include <stdio.h>

#define DELIMITER '`'

void text_log_init(struct text_log *log)
{
	buf_init(&log->lines, TEXT_LOG_MAX);
}

void text_log_done(struct text_log *log)
{
	buf_done(&log->lines);
}

void text_log_tagged(struct text_log *log, const char *tag, const char *text)
{
	/* Full, or out of memory: the line is lost, as on the ECU. */
	(void)!buf_printf(&log->lines, "%s%c%s%c", tag, DELIMITER, text, DELIMITER);
}

void text_log_printf(struct text_log *log, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *at = text; *at; at++)
		if (*at == DELIMITER || (unsigned char)*at < ' ')
			*at = ' ';
	text_log_tagged(log, "msg", text);
}

void text_log_clear(struct text_log *log)
{
	buf_consume(&log->lines, log->lines.size);
}
