/* SPDX-License-Identifier: MIT */
#include "harness/cli/ecu_info.h"

#include "harness/cli/json_out.h"
#include "harness/report/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_MS 500 /* for the plain F, which has no end mark */

/* "" or false where the ECU did not answer. */
struct info {
	char version[96];
	char error[96]; /* the critical error; "" = none, or it does not say */
	char protocol[8];
	bool has_paged, paged;
	bool has_bootloader;
	uint8_t bootloader; /* answer to L: 0 none, 1 OpenBLT */
	bool has_tune;
	size_t tune_size;
	uint32_t tune_crc;
};

/* 'V'. Returns -ENODEV only when the port is gone. */
static int ask_version(struct ecu_link *link, struct info *info)
{
	const struct ts_request request = {.command = TS_VERSION};
	struct ts_answer answer;
	int r = ts_client_ask(&link->ts, &request, 0, &answer, NULL);

	if (r < 0)
		return r;
	snprintf(info->version, sizeof(info->version), "%.*s", (int)answer.size,
		(const char *)answer.data);
	return 0;
}

/* 'e': nothing when there is no critical error. */
static int ask_error(struct ecu_link *link, struct info *info)
{
	const struct ts_request request = {.command = TS_ERROR_TEXT};
	struct ts_answer answer;
	int r = ts_client_ask(&link->ts, &request, 0, &answer, NULL);

	if (r < 0)
		return r;
	snprintf(info->error, sizeof(info->error), "%.*s", (int)answer.size,
		(const char *)answer.data);
	for (char *c = info->error; *c; c++)
		*c = isprint((unsigned char)*c) ? *c : ' ';
	return 0;
}

static int ask_bootloader(struct ecu_link *link, struct info *info)
{
	const struct ts_request request = {.command = TS_BOOTLOADER};
	struct ts_answer answer;
	int r = ts_client_ask(&link->ts, &request, 0, &answer, NULL);

	if (r < 0)
		return r;
	info->has_bootloader = answer.size == 1;
	info->bootloader = answer.size == 1 ? answer.data[0] : 0;
	return 0;
}

static bool is_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

/* The plain 'F': three digits, without frame and end. */
static int ask_protocol(struct ecu_link *link, struct info *info)
{
	static const uint8_t request[] = {TS_PROTOCOL};
	struct serial_port *port = link->port;
	char text[4] = "";
	size_t size = 0;
	int r;

	port->ops->drop_input(port);
	r = port->ops->write(port, request, sizeof(request), PROTOCOL_MS);
	while (r >= 0 && size < 3) {
		r = port->ops->read(port, (uint8_t *)text + size, 3 - size, PROTOCOL_MS);
		if (r <= 0)
			break;
		size += (size_t)r;
	}
	if (size == 3 && is_digits(text))
		snprintf(info->protocol, sizeof(info->protocol), "%s", text);
	return r;
}

static int ask_tune(struct ecu_link *link, struct info *info)
{
	int r = ts_client_probe_paged(&link->ts, NULL);

	if (r < 0)
		return r;
	info->has_paged = true;
	info->paged = link->ts.paged;
	r = ts_client_tune_size(&link->ts, &info->tune_size, NULL);
	if (r == 0)
		r = ts_client_page_crc(&link->ts, info->tune_size, &info->tune_crc, NULL);
	info->has_tune = r == 0;
	return r;
}

static int ask(struct ecu_link *link, struct info *info)
{
	static int (*const questions[])(struct ecu_link *, struct info *) = {
		ask_version, ask_protocol, ask_bootloader, ask_tune, ask_error};

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		if (questions[i](link, info) == -ENODEV)
			return -ENODEV;
	return 0;
}

static const char *bootloader_text(const struct info *info)
{
	if (!info->has_bootloader)
		return "?";
	return info->bootloader == 0 ? "none" : info->bootloader == 1 ? "OpenBLT" : "unknown";
}

static const char *pages_text(const struct info *info)
{
	if (!info->has_paged)
		return "";
	return info->paged ? ", with pages" : ", without pages";
}

static int print_port(const struct serial_port_entry *entry, struct buf *out)
{
	int r = buf_printf(out, "port:       %s\n", entry->name);

	if (r == 0 && *entry->link)
		r = buf_printf(out, "link:       %s\n", entry->link);
	if (r == 0 && entry->vid)
		r = buf_printf(out, "usb:        %04x:%04x at %s, interface %u\n", entry->vid,
			entry->pid, entry->usb_path, entry->interface);
	if (r == 0 && *entry->product)
		r = buf_printf(out, "product:    %s\n", entry->product);
	if (r == 0 && *entry->serial)
		r = buf_printf(out, "serial:     %s\n", entry->serial);
	return r;
}

static int print_loader(const struct xcp_identity *loader, struct buf *out)
{
	int r = buf_printf(out, "program:    OpenBLT\n");

	if (r == 0 && *loader->version)
		r = buf_printf(out, "version:    %s\n", loader->version);
	if (r == 0 && *loader->features)
		r = buf_printf(out, "features:   %s\n", loader->features);
	if (r == 0 && *loader->board)
		r = buf_printf(out, "board:      %s\n", loader->board);
	return r;
}

static int print_ecu(const struct ecu_link *link, const struct info *info, struct buf *out)
{
	char digits[FORMAT_U64_SIZE];
	int r = buf_printf(out,
		"program:    rusEFI\n"
		"signature:  %s\n"
		"version:    %s\n"
		"protocol:   %s%s\n"
		"bootloader: %s\n",
		link->signature, *info->version ? info->version : "?",
		*info->protocol ? info->protocol : "?", pages_text(info), bootloader_text(info));

	if (r == 0 && *info->error)
		r = buf_printf(out, "error:      %s\n", info->error);
	if (r < 0)
		return r;
	return info->has_tune ? buf_printf(out, "tune:       %s bytes, CRC 0x%08x\n",
					format_u64(info->tune_size, digits), info->tune_crc)
			      : buf_printf(out, "tune:       not readable\n");
}

static json_t *text_or_null(const char *text)
{
	return json_out_text(*text ? text : NULL);
}

static json_t *port_json(const struct ecu_link *link)
{
	const struct serial_port_entry *entry = &link->entry;

	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:i, s:o, s:o, s:s}", "port",
		text_or_null(entry->name), "link", text_or_null(entry->link), "usb_path",
		text_or_null(entry->usb_path), "vid", entry->vid, "pid", entry->pid, "interface",
		entry->interface, "product", text_or_null(entry->product), "serial",
		text_or_null(entry->serial), "program",
		link->kind == ECU_LINK_ECU ? "rusEFI" : "OpenBLT");
}

static json_t *loader_json(const struct xcp_identity *loader)
{
	return json_pack("{s:o, s:o, s:o}", "version", text_or_null(loader->version), "features",
		text_or_null(loader->features), "board", text_or_null(loader->board));
}

static json_t *tune_json(const struct info *info)
{
	return info->has_tune ? json_pack("{s:I, s:I}", "size", (json_int_t)info->tune_size, "crc",
					(json_int_t)info->tune_crc)
			      : json_null();
}

static json_t *ecu_json(const struct ecu_link *link, const struct info *info)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "signature",
		text_or_null(link->signature), "error", text_or_null(info->error), "version",
		text_or_null(info->version), "protocol", text_or_null(info->protocol), "paged",
		info->has_paged ? json_boolean(info->paged) : json_null(), "bootloader",
		info->has_bootloader ? json_out_text(bootloader_text(info)) : json_null(), "tune",
		tune_json(info));
}

static int print_json(const struct ecu_link *link, const struct info *info, struct buf *out)
{
	json_t *document = port_json(link);
	json_t *more =
		link->kind == ECU_LINK_ECU ? ecu_json(link, info) : loader_json(&link->loader);
	CLEANUP(free_ptr) char *text = NULL;

	if (document && more && json_object_update(document, more) == 0)
		text = json_dumps(document, JSON_INDENT(2));
	json_decref(more);
	json_decref(document);
	return text ? buf_printf(out, "%s\n", text) : -ENOMEM;
}

int ecu_info(struct ecu_link *link, bool json, struct buf *out, struct why *why)
{
	struct info info = {0};
	int r = link->kind == ECU_LINK_ECU ? ask(link, &info) : 0;

	if (r < 0)
		return why_set(why, r, "%s: the port is gone", link->entry.name);
	if (json)
		r = print_json(link, &info, out);
	else
		r = print_port(&link->entry, out);
	if (r == 0 && !json)
		r = link->kind == ECU_LINK_ECU ? print_ecu(link, &info, out)
					       : print_loader(&link->loader, out);
	return r < 0 ? why_errno(why, r, "info") : 0;
}
