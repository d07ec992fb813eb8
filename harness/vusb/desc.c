/* SPDX-License-Identifier: MIT */
#include "harness/vusb/desc.h"

#include <string.h>

uint8_t vusb_desc_interface_count(const struct vusb_config_desc *config)
{
	uint8_t count = 0;

	for (uint8_t i = 0; i < config->interface_count; i++)
		if (config->interfaces[i].number >= count)
			count = (uint8_t)(config->interfaces[i].number + 1);
	return count;
}

void vusb_desc_write_device(const struct vusb_device_desc *desc, struct writer *out)
{
	writer_u8(out, USB_DEVICE_SIZE);
	writer_u8(out, USB_DESC_DEVICE);
	writer_le16(out, desc->bcd_usb);
	writer_u8(out, desc->class);
	writer_u8(out, desc->subclass);
	writer_u8(out, desc->protocol);
	writer_u8(out, desc->max_packet0);
	writer_le16(out, desc->vid);
	writer_le16(out, desc->pid);
	writer_le16(out, desc->bcd_device);
	writer_u8(out, desc->manufacturer);
	writer_u8(out, desc->product);
	writer_u8(out, desc->serial);
	writer_u8(out, desc->config_count);
}

static void write_endpoint(const struct vusb_endpoint_desc *endpoint, struct writer *out)
{
	writer_u8(out, 7);
	writer_u8(out, USB_DESC_ENDPOINT);
	writer_u8(out, endpoint->address);
	writer_u8(out, endpoint->attributes);
	writer_le16(out, endpoint->max_packet);
	writer_u8(out, endpoint->interval);
}

static void write_interface(const struct vusb_interface_desc *interface, struct writer *out)
{
	writer_bytes(out, interface->before, interface->before_size);
	writer_u8(out, 9);
	writer_u8(out, USB_DESC_INTERFACE);
	writer_u8(out, interface->number);
	writer_u8(out, interface->alternate);
	writer_u8(out, interface->endpoint_count);
	writer_u8(out, interface->class);
	writer_u8(out, interface->subclass);
	writer_u8(out, interface->protocol);
	writer_u8(out, interface->string);
	writer_bytes(out, interface->extra, interface->extra_size);
	for (uint8_t i = 0; i < interface->endpoint_count; i++)
		write_endpoint(&interface->endpoints[i], out);
}

void vusb_desc_write_config(const struct vusb_config_desc *config, struct writer *out)
{
	size_t start = out->pos;
	struct writer length;

	writer_u8(out, USB_CONFIG_SIZE);
	writer_u8(out, USB_DESC_CONFIG);
	writer_le16(out, 0); /* wTotalLength, below */
	writer_u8(out, vusb_desc_interface_count(config));
	writer_u8(out, config->value);
	writer_u8(out, config->string);
	writer_u8(out, config->attributes);
	writer_u8(out, config->max_power);
	writer_bytes(out, config->extra, config->extra_size);
	for (uint8_t i = 0; i < config->interface_count; i++)
		write_interface(&config->interfaces[i], out);
	if (out->failed)
		return;
	length = writer_of(out->data + start + 2, 2);
	writer_le16(&length, (uint16_t)(out->pos - start));
}

/* Decodes one character of UTF-8; a broken or too high one becomes U+FFFD. */
static uint16_t next_utf16(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	size_t more = at[0] < 0x80             ? 0
		      : (at[0] & 0xe0) == 0xc0 ? 1
		      : (at[0] & 0xf0) == 0xe0 ? 2
					       : 9;
	uint32_t value = more == 0 ? at[0] : more == 1 ? at[0] & 0x1fu : at[0] & 0x0fu;

	for (size_t i = 1; more < 9 && i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			more = 9;
		else
			value = value << 6 | (at[i] & 0x3fu);
	}
	*text += more < 9 ? more + 1 : 1;
	return more < 9 ? (uint16_t)value : 0xfffd;
}

void vusb_desc_write_string(const char *text, struct writer *out)
{
	size_t start = out->pos;

	writer_u8(out, 2);
	writer_u8(out, USB_DESC_STRING);
	while (*text && out->pos - start + 2 <= USB_STRING_MAX)
		writer_le16(out, next_utf16(&text));
	if (!out->failed)
		out->data[start] = (uint8_t)(out->pos - start);
}

void vusb_desc_write_langids(struct writer *out)
{
	writer_u8(out, 4);
	writer_u8(out, USB_DESC_STRING);
	writer_le16(out, USB_LANGID_EN_US);
}
