/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network cards plugged in without a script: the interface that the driver has
 * made gets the bridge's MTU, an address that no bridge will take as its own,
 * no IPv6 of its own, and its place on the bridge.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "hotplug_private.h"

/* The nodes that matter here; NULL: not there. */
struct card {
	char *bridge, *vifname, *mtu;
	char name[IFNAMSIZ]; /* of the interface in dom0 */
};

static void request(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
}

static int set_flag(int fd, const char *name, bool is_up)
{
	struct ifreq r;

	request(&r, name);
	if (ioctl(fd, SIOCGIFFLAGS, &r))
		return -errno;
	if (is_up)
		r.ifr_flags |= IFF_UP;
	else
		r.ifr_flags &= (short)~IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &r) ? -errno : 0;
}

static int rename_to(int fd, struct card *card)
{
	struct ifreq r;

	request(&r, card->name);
	snprintf(r.ifr_newname, sizeof(r.ifr_newname), "%s", card->vifname);
	if (ioctl(fd, SIOCSIFNAME, &r))
		return -errno;
	snprintf(card->name, sizeof(card->name), "%s", card->vifname);
	return 0;
}

/* The lowest priority as a bridge's own address: it is never chosen. */
static int set_address(int fd, const char *name)
{
	struct ifreq r;

	request(&r, name);
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, "\xfe\xff\xff\xff\xff\xff", 6);
	return ioctl(fd, SIOCSIFHWADDR, &r) ? -errno : 0;
}

/* The card's own, or the bridge's; `mtu` tells which. */
static int set_mtu(int fd, const struct card *card, int *mtu)
{
	struct ifreq r;

	request(&r, card->bridge);
	if (card->mtu)
		r.ifr_mtu = atoi(card->mtu);
	else if (ioctl(fd, SIOCGIFMTU, &r))
		return -errno;
	*mtu = r.ifr_mtu;
	request(&r, card->name);
	r.ifr_mtu = *mtu;
	return ioctl(fd, SIOCSIFMTU, &r) ? -errno : 0;
}

/* A port of a bridge needs no address of its own; old kernels have none. */
static void stop_ipv6(const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

static int join(int fd, const struct card *card)
{
	struct ifreq r;

	request(&r, card->bridge);
	r.ifr_ifindex = (int)if_nametoindex(card->name);
	if (ioctl(fd, SIOCBRADDIF, &r) && errno != EBUSY)
		return -errno;
	return set_flag(fd, card->name, true);
}

static int check_bridge(const char *name, struct why *why)
{
	if (if_nametoindex(name))
		return 0;
	return why_set(why, -ENOENT,
		"the bridge %s does not exist; make it (ip link add %s type "
		"bridge; ip link set %s up) or name another with bridge=",
		name, name, name);
}

int nic_check(const struct nic *nic, struct why *why)
{
	if (nic->script && strcmp(nic->script, HOTPLUG_BRIDGE) != 0)
		return 0;
	return nic->bridge ? check_bridge(nic->bridge, why) : 0;
}

/* netback says that it waits for the guest before it has made the interface. */
static void await_interface(const char *name)
{
	const struct timespec nap = { 0, 10000000 };

	for (int i = 0; i < 500 && !if_nametoindex(name); i++)
		nanosleep(&nap, NULL);
}

static int set_up(int fd, struct card *card, int *mtu, struct why *why)
{
	int ret;

	ret = check_bridge(card->bridge, why);
	if (ret)
		return ret;
	await_interface(card->name);
	ret = set_flag(fd, card->name, false);
	if (!ret && card->vifname && strcmp(card->vifname, card->name) != 0)
		ret = rename_to(fd, card);
	if (!ret)
		ret = set_address(fd, card->name);
	if (!ret)
		ret = set_mtu(fd, card, mtu);
	if (!ret) {
		stop_ipv6(card->name);
		ret = join(fd, card);
	}
	return ret ? why_set(why, ret, "cannot put %s on the bridge %s: %s",
			     card->name, card->bridge, strerror(-ret))
		   : 0;
}

/* What stock scripts leave in the store, with their permissions. */
static int tell(struct xs *xs, const struct device *d, const char *back,
	int mtu, struct why *why)
{
	struct xs_perm perms[2] = { { d->backend_domid, 'n' },
		{ d->domid, 'r' } };
	char path[DEVICE_PATH_MAX + 32];
	int ret;

	device_front_path(d, path);
	strcat(path, "/mtu");
	ret = xs_printf(xs, 0, path, "%d", mtu);
	if (!ret)
		ret = xs_set_perms(xs, 0, path, perms, 2);
	if (!ret) {
		snprintf(path, sizeof(path), "%s/hotplug-status", back);
		ret = xs_write(xs, 0, path, "connected", 9);
	}
	return ret ? why_set(why, ret, "cannot tell the driver of vif %u: %s",
			     d->id, strerror(-ret))
		   : 0;
}

int hotplug_net_add(struct xs *xs, const struct device *d, const char *back,
	struct why *why)
{
	struct card card = {
		.bridge = hotplug_read(xs, back, "bridge"),
		.vifname = hotplug_read(xs, back, "vifname"),
		.mtu = hotplug_read(xs, back, "mtu"),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret, mtu = 0;

	snprintf(card.name, sizeof(card.name), "vif%u.%u", d->domid, d->id);
	if (fd < 0)
		ret = why_set(why, -errno, "socket: %s", strerror(errno));
	else if (!card.bridge)
		ret = why_set(why, -EINVAL,
			"vif %u of domain %u names no bridge; add bridge=",
			d->id, d->domid);
	else
		ret = set_up(fd, &card, &mtu, why);
	if (!ret)
		ret = tell(xs, d, back, mtu, why);
	if (fd >= 0)
		close(fd);
	free(card.bridge);
	free(card.vifname);
	free(card.mtu);
	return ret;
}

int hotplug_net_needs_script(void)
{
	static const char path[] = "/proc/sys/net/bridge/"
				   "bridge-nf-call-iptables";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (fd < 0)
		return 0;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value == '1' && !access(HOTPLUG_BRIDGE, X_OK);
}
