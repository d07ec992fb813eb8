/* SPDX-License-Identifier: MIT */
/* Source: USB 2.0, 9.6; USB CDC 1.2, 5.2.3.2 (union functional descriptor); PSTN 1.2, 3.7. */
#include "harness/host/cdc_find.h"

#include "harness/vusb/usb.h"

#include <string.h>

#define INTERFACE_SIZE     9
#define ENDPOINT_SIZE      7
#define CS_INTERFACE       0x24
#define CDC_UNION          0x06
#define CLASS_CDC          0x02
#define CLASS_CDC_DATA     0x0a
#define ENDPOINT_BULK      2
#define ENDPOINT_INTERRUPT 3

struct search {
	struct cdc_function found;
	bool has_port, has_union, is_data; /* is_data: inside of the data interface */
	bool is_port;                      /* inside of the communication interface */
};

static void at_interface(struct search *search, const uint8_t *desc)
{
	struct cdc_function *found = &search->found;

	search->is_port = search->is_data = false;
	if (desc[3] != 0) /* an alternate setting that nobody chooses */
		return;
	if (!search->has_port && desc[5] == CLASS_CDC && desc[6] == 2 && desc[7] == 1) {
		search->has_port = search->is_port = true;
		found->interface = desc[2];
		return;
	}
	search->is_data = search->has_port && desc[5] == CLASS_CDC_DATA && !found->in &&
			  !found->out && (!search->has_union || desc[2] == found->data_interface);
	if (search->is_data)
		found->data_interface = desc[2];
}

static void at_endpoint(struct search *search, const uint8_t *desc)
{
	struct cdc_function *found = &search->found;
	uint16_t size = (uint16_t)((desc[4] | desc[5] << 8) & 0x7ff);
	uint8_t type = desc[3] & 3;

	if (search->is_port && type == ENDPOINT_INTERRUPT && desc[2] & USB_DIR_IN) {
		found->notify = desc[2];
		found->notify_size = size;
	} else if (search->is_data && type == ENDPOINT_BULK && desc[2] & USB_DIR_IN) {
		found->in = desc[2];
		found->in_size = size;
	} else if (search->is_data && type == ENDPOINT_BULK) {
		found->out = desc[2];
		found->out_size = size;
	}
}

static void at_descriptor(struct search *search, const uint8_t *desc)
{
	if (desc[1] == USB_DESC_INTERFACE && desc[0] >= INTERFACE_SIZE) {
		at_interface(search, desc);
	} else if (desc[1] == USB_DESC_ENDPOINT && desc[0] >= ENDPOINT_SIZE) {
		at_endpoint(search, desc);
	} else if (desc[1] == CS_INTERFACE && desc[0] >= 5 && desc[2] == CDC_UNION &&
		   search->is_port) {
		search->has_union = true;
		search->found.data_interface = desc[4];
	}
}

bool cdc_find(const uint8_t *config, size_t size, struct cdc_function *ret)
{
	struct search search;

	memset(&search, 0, sizeof(search));
	for (size_t pos = 0; pos + 2 <= size; pos += config[pos]) {
		if (config[pos] < 2 || config[pos] > size - pos)
			break;
		at_descriptor(&search, config + pos);
	}
	if (!search.has_port || !search.found.in_size || !search.found.out_size)
		return false;
	*ret = search.found;
	return true;
}
