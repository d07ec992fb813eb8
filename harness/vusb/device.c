/* SPDX-License-Identifier: MIT */
#include "harness/vusb/device.h"

#include "harness/base/names.h"

#include <assert.h>
#include <string.h>

void vusb_device_init(struct vusb_device *device, const struct vusb_device_ops *ops,
	const struct vusb_device_desc *desc, struct vusb_strings strings)
{
	*device = (struct vusb_device){.ops = ops, .desc = desc, .strings = strings};
}

void vusb_device_reset(struct vusb_device *device)
{
	device->address = 0;
	device->configuration = 0;
	device->halted = 0;
	memset(device->alternate, 0, sizeof(device->alternate));
	if (device->ops->reset)
		device->ops->reset(device);
}

const struct vusb_config_desc *vusb_device_config(const struct vusb_device *device)
{
	for (uint8_t i = 0; i < device->desc->config_count; i++)
		if (device->desc->configs[i].value == device->configuration)
			return &device->desc->configs[i];
	return &device->desc->configs[0];
}

static bool has_alternate(const struct vusb_device *device, uint16_t number, uint16_t alternate)
{
	const struct vusb_config_desc *config = vusb_device_config(device);

	for (uint8_t i = 0; i < config->interface_count; i++)
		if (config->interfaces[i].number == number &&
			config->interfaces[i].alternate == alternate)
			return true;
	return false;
}

static uint32_t halt_bit(uint16_t endpoint)
{
	return 1u << ((endpoint & 0x0f) + (endpoint & USB_DIR_IN ? 16 : 0));
}

/* Gives the first wLength bytes of what the writer holds. */
static enum vusb_result answer(
	const struct usb_setup *setup, const struct writer *full, uint8_t *data, size_t *size)
{
	assert(!full->failed);
	*size = full->pos < setup->wLength ? full->pos : setup->wLength;
	if (*size)
		memcpy(data, full->data, *size);
	return VUSB_ACK;
}

static enum vusb_result answer_u8(
	const struct usb_setup *setup, uint8_t value, uint8_t *data, size_t *size)
{
	struct writer out = writer_of(&value, 1);

	out.pos = 1;
	return answer(setup, &out, data, size);
}

static bool write_string(const struct vusb_device *device, uint8_t index, struct writer *out)
{
	if (index == 0)
		vusb_desc_write_langids(out);
	else if (index < device->strings.count && device->strings.text[index])
		vusb_desc_write_string(device->strings.text[index], out);
	else
		return false;
	return true;
}

/* The language ID in wIndex is ignored, as ST's device library does (usbd_ctlreq.c). */
static enum vusb_result get_descriptor(const struct vusb_device *device,
	const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	uint8_t bytes[VUSB_CONFIG_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	uint8_t index = (uint8_t)setup->wValue;

	switch (setup->wValue >> 8) {
	case USB_DESC_DEVICE:
		vusb_desc_write_device(device->desc, &out);
		break;
	case USB_DESC_CONFIG:
		if (index >= device->desc->config_count)
			return VUSB_STALL;
		vusb_desc_write_config(&device->desc->configs[index], &out);
		break;
	case USB_DESC_STRING:
		if (!write_string(device, index, &out))
			return VUSB_STALL;
		break;
	default: /* qualifier, BOS, other speed: no such descriptor at full speed with bcdUSB < 2.01 */
		return VUSB_STALL;
	}
	return answer(setup, &out, data, size);
}

static enum vusb_result get_status(const struct vusb_device *device, const struct usb_setup *setup,
	uint8_t *data, size_t *size)
{
	uint8_t status[2] = {0, 0};
	struct writer out = writer_of(status, sizeof(status));

	switch (setup->bmRequestType & USB_RECIPIENT_MASK) {
	case USB_RECIPIENT_DEVICE:
		status[0] = vusb_device_config(device)->attributes & USB_SELF_POWERED ? 1 : 0;
		break;
	case USB_RECIPIENT_INTERFACE:
		if (!has_alternate(device, setup->wIndex, 0))
			return VUSB_STALL;
		break;
	case USB_RECIPIENT_ENDPOINT:
		status[0] = device->halted & halt_bit(setup->wIndex) ? 1 : 0;
		break;
	default:
		return VUSB_STALL;
	}
	out.pos = sizeof(status);
	return answer(setup, &out, data, size);
}

static enum vusb_result set_configuration(struct vusb_device *device, uint16_t value)
{
	bool known = value == 0;

	for (uint8_t i = 0; i < device->desc->config_count; i++)
		known |= device->desc->configs[i].value == value;
	if (!known)
		return VUSB_STALL;
	device->configuration = (uint8_t)value;
	device->halted = 0;
	memset(device->alternate, 0, sizeof(device->alternate));
	return VUSB_ACK;
}

static enum vusb_result set_interface(struct vusb_device *device, const struct usb_setup *setup)
{
	if (setup->wIndex >= VUSB_INTERFACE_MAX ||
		!has_alternate(device, setup->wIndex, setup->wValue))
		return VUSB_STALL;
	device->alternate[setup->wIndex] = (uint8_t)setup->wValue;
	return VUSB_ACK;
}

static enum vusb_result endpoint_halt(struct vusb_device *device, const struct usb_setup *setup)
{
	if ((setup->bmRequestType & USB_RECIPIENT_MASK) != USB_RECIPIENT_ENDPOINT ||
		setup->wValue != USB_FEATURE_ENDPOINT_HALT)
		return VUSB_STALL;
	if (setup->bRequest == USB_SET_FEATURE)
		device->halted |= halt_bit(setup->wIndex);
	else
		device->halted &= ~halt_bit(setup->wIndex);
	return VUSB_ACK;
}

static enum vusb_result standard_in(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	switch (setup->bRequest) {
	case USB_GET_DESCRIPTOR:
		if ((setup->bmRequestType & USB_RECIPIENT_MASK) == USB_RECIPIENT_DEVICE)
			return get_descriptor(device, setup, data, size);
		break;
	case USB_GET_STATUS:
		return get_status(device, setup, data, size);
	case USB_GET_CONFIGURATION:
		return answer_u8(setup, device->configuration, data, size);
	case USB_GET_INTERFACE:
		if (setup->wIndex < VUSB_INTERFACE_MAX && has_alternate(device, setup->wIndex, 0))
			return answer_u8(setup, device->alternate[setup->wIndex], data, size);
		return VUSB_STALL;
	default:
		break;
	}
	return device->ops->control(device, setup, data, size);
}

static enum vusb_result standard_out(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	switch (setup->bRequest) {
	case USB_SET_ADDRESS:
		device->address = setup->wValue & 0x7f;
		return VUSB_ACK;
	case USB_SET_CONFIGURATION:
		return set_configuration(device, setup->wValue);
	case USB_SET_INTERFACE:
		return set_interface(device, setup);
	case USB_SET_FEATURE:
	case USB_CLEAR_FEATURE:
		return endpoint_halt(device, setup);
	default:
		return device->ops->control(device, setup, data, size);
	}
}

enum vusb_result vusb_device_control(
	struct vusb_device *device, const struct usb_setup *setup, uint8_t *data, size_t *size)
{
	if (device->now_us < device->nak_until_us)
		return VUSB_NAK;
	if (usb_setup_is_in(setup))
		*size = 0;
	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_STANDARD)
		return device->ops->control(device, setup, data, size);
	if (usb_setup_is_in(setup))
		return standard_in(device, setup, data, size);
	return standard_out(device, setup, data, size);
}

enum vusb_result vusb_device_data(
	struct vusb_device *device, uint8_t endpoint, uint8_t *data, size_t *size)
{
	if (device->now_us < device->nak_until_us)
		return VUSB_NAK;
	if (!device->ops->data || device->halted & halt_bit(endpoint))
		return VUSB_STALL;
	return device->ops->data(device, endpoint, data, size);
}

uint64_t vusb_device_deadline_us(const struct vusb_device *device)
{
	uint64_t deadline =
		device->ops->deadline_us ? device->ops->deadline_us(device) : CLOCK_NEVER;

	if (device->now_us < device->nak_until_us && device->nak_until_us < deadline)
		deadline = device->nak_until_us;
	return deadline;
}

const char *vusb_result_text(enum vusb_result result)
{
	static const char *const text[] = {
		[VUSB_ACK] = "ACK",
		[VUSB_NAK] = "NAK",
		[VUSB_STALL] = "STALL",
		[VUSB_GONE] = "device gone",
		[VUSB_CANCELLED] = "cancelled",
		[VUSB_BABBLE] = "babble",
		[VUSB_ERROR] = "bus error",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == VUSB_RESULT_COUNT, "a text for each result");
	return names_text(&names, result);
}
