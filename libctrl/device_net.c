/* SPDX-License-Identifier: BSD-2-Clause */
/* Network cards: their addresses and nodes; see tenonctrl/device.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>

int nic_random_mac(uint8_t mac[6])
{
	uint8_t tail[3];

	if (getrandom(tail, sizeof(tail), 0) != sizeof(tail))
		return -EIO;
	/* The vendor range that Xen's users have for guests; the upper half
	 * of the fourth byte stays under 0x80, as tools do. */
	mac[0] = 0x00;
	mac[1] = 0x16;
	mac[2] = 0x3e;
	mac[3] = tail[0] & 0x7f;
	mac[4] = tail[1];
	mac[5] = tail[2];
	return 0;
}

void nic_mac_format(const uint8_t mac[6], char text[NIC_MAC_TEXT])
{
	snprintf(text, NIC_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static bool put_mac(struct device_nodes *nodes, const uint8_t mac[6])
{
	char text[NIC_MAC_TEXT];

	nic_mac_format(mac, text);
	return device_put(nodes, "mac", "%s", text);
}

/* A node for what was given. */
static bool put_given(
	struct device_nodes *nodes, const char *name, const char *value)
{
	return !value || device_put(nodes, name, "%s", value);
}

int nic_spec(const struct nic *nic, uint32_t domid, struct device_spec *spec,
	struct why *why)
{
	struct device_nodes *back, *front;

	memset(spec, 0, sizeof(*spec));
	spec->device.class = DEVICE_VIF;
	spec->device.domid = domid;
	spec->device.id = nic->id;
	back = &spec->back;
	front = &spec->front;
	if (put_given(back, "script",
		    nic->script ? nic->script : HOTPLUG_BRIDGE) &&
		put_given(back, "vifname", nic->vifname) &&
		put_mac(back, nic->mac) && put_given(back, "ip", nic->ip) &&
		put_given(back, "gatewaydev", nic->gateway) &&
		put_given(back, "rate", nic->rate) &&
		put_given(back, "bridge", nic->bridge) &&
		device_put(back, "handle", "%u", nic->id) &&
		(!nic->mtu || device_put(back, "mtu", "%u", nic->mtu)) &&
		device_put(back, "type", "vif") &&
		device_put(back, "hotplug-status", "%s", "") &&
		device_put(front, "handle", "%u", nic->id) &&
		put_mac(front, nic->mac) && device_put(front, "trusted", "1") &&
		(!nic->mtu || device_put(front, "mtu", "%u", nic->mtu)))
		return 0;
	device_spec_free(spec);
	return why_set(why, -ENOMEM, "out of memory");
}
