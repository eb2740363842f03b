/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks plugged in without a script: a block device as it is, an image file by
 * a loop device. The loop device clears itself with its last user, so that
 * nothing stays if this process is killed: it is held open here until the
 * driver has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>

#define LOCK_FILE   "/run/xen/tenon-disks.lock"
#define LOOP_TRIES  32
#define OPEN_TRIES  1000
#define OPEN_NAP_NS 5000000

/* What is known of the disk to be plugged in. */
struct plug {
	struct xs *xs;
	const struct device *device;
	const char *back;
	char *target, *mode;
	int file;	/* the target, open */
	struct stat st; /* of the target */
	int loop;	/* -1: the target is a block device */
	char node[32];	/* "/dev/loop0" */
	dev_t number;	/* what the driver is to open */
};

static int read_node(struct plug *p, const char *name, char **value)
{
	char path[DEVICE_PATH_MAX + 32];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", p->back, name);
	return xs_read(p->xs, 0, path, value, &len);
}

static int put(struct plug *p, uint32_t tx, const char *name, const char *value)
{
	char path[DEVICE_PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", p->back, name);
	return xs_write(p->xs, tx, path, value, strlen(value));
}

static bool is_writable(const char *mode)
{
	return *mode == 'w';
}

/* Whether another disk's target is this one's file or device. */
static bool is_same_target(const struct plug *p, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISBLK(p->st.st_mode))
		return S_ISBLK(st.st_mode) && st.st_rdev == p->st.st_rdev;
	return st.st_dev == p->st.st_dev && st.st_ino == p->st.st_ino;
}

/* -EBUSY: disk `other` has the same target, and one of the two writes. */
static int check_other(
	struct plug *p, const struct device *other, struct why *why)
{
	char path[DEVICE_PATH_MAX + 16], *target = NULL, *mode = NULL;
	size_t base, len;
	int ret = 0;

	device_record_path(other, path);
	base = strlen(path);
	strcpy(path + base, "/params");
	if (xs_read(p->xs, 0, path, &target, &len))
		return 0;
	strcpy(path + base, "/mode");
	/* A program's has its format before it. */
	if (!xs_read(p->xs, 0, path, &mode, &len) &&
		is_same_target(p, *target == '/' || !strchr(target, ':')
					  ? target
					  : strchr(target, ':') + 1) &&
		(is_writable(mode) || is_writable(p->mode)))
		ret = why_set(why, -EBUSY,
			"%s is a disk of domain %u already, and one of them "
			"writes; stop that one, or give both the mode w! if "
			"their file system is made for it",
			p->target, other->domid);
	free(target);
	free(mode);
	return ret;
}

static int check_domain(struct plug *p, uint32_t domid, struct why *why)
{
	struct device *list;
	size_t count;
	int ret = 0;

	if (device_list(p->xs, domid, &list, &count))
		return 0;
	for (size_t i = 0; i < count && !ret; i++) {
		if (list[i].class == DEVICE_VBD &&
			(domid != p->device->domid ||
				list[i].id != p->device->id))
			ret = check_other(p, &list[i], why);
	}
	free(list);
	return ret;
}

/* Two writers, or a reader beside a writer, would ruin a file system. */
static int check_sharing(struct plug *p, struct why *why)
{
	char **ids;
	size_t count;
	int fd, ret = 0;

	if (!strcmp(p->mode, "w!"))
		return 0;
	if (S_ISBLK(p->st.st_mode) && is_writable(p->mode)) {
		fd = open(p->target, O_RDONLY | O_EXCL | O_CLOEXEC);
		if (fd < 0 && errno == EBUSY)
			return why_set(why, -EBUSY,
				"%s is in use in dom0 (mounted, or part of "
				"LVM or RAID); unmount it first",
				p->target);
		if (fd >= 0)
			close(fd);
	}
	if (xs_directory(p->xs, 0, "/libxl", &ids, &count))
		return 0;
	for (size_t i = 0; i < count && !ret; i++)
		ret = check_domain(p, (uint32_t)strtoul(ids[i], NULL, 10), why);
	free(ids);
	return ret;
}

/* Opens a file or a block device, which is then described by `st`. */
static int open_target(const char *target, bool is_writable, int *fd,
	struct stat *st, struct why *why)
{
	int flags = is_writable ? O_RDWR : O_RDONLY;

	*fd = open(target, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0 || fstat(*fd, st))
		return why_set(why, -errno, "the disk %s: %s", target,
			strerror(errno));
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return why_set(why, -EINVAL,
			"the disk %s is neither a file nor a block device",
			target);
	return 0;
}

static int check_format(const struct disk *disk, int fd, struct why *why)
{
	uint8_t first[DISK_SECTOR] = { 0 }, last[DISK_SECTOR] = { 0 };
	off_t end = lseek(fd, 0, SEEK_END);

	if (pread(fd, first, sizeof(first), 0) < 0 || end < 0)
		return why_set(
			why, -errno, "%s: %s", disk->target, strerror(errno));
	if (end >= DISK_SECTOR &&
		pread(fd, last, sizeof(last), end - DISK_SECTOR) < 0)
		return why_set(
			why, -errno, "%s: %s", disk->target, strerror(errno));
	return disk_format_check(disk->format, first, last, disk->target, why);
}

int disk_check(const struct disk *disk, struct why *why)
{
	struct stat st;
	int fd, ret;

	if (disk->script && strcmp(disk->script, HOTPLUG_BLOCK) != 0)
		return 0;
	ret = open_target(disk->target, disk->is_writable, &fd, &st, why);
	if (!ret && disk->by_qemu)
		ret = check_format(disk, fd, why);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Takes a free loop device; others may take it first. */
static int attach_loop(struct plug *p, struct why *why)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)p->file,
		.info.lo_flags =
			LO_FLAGS_AUTOCLEAR |
			(is_writable(p->mode) ? 0 : LO_FLAGS_READ_ONLY),
	};
	int ret = -errno;

	if (control < 0)
		return why_set(why, ret, "/dev/loop-control: %s; modprobe loop",
			strerror(errno));
	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s",
		p->target);
	for (int i = 0; i < LOOP_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0) {
			ret = -errno;
			break;
		}
		snprintf(p->node, sizeof(p->node), "/dev/loop%d", number);
		p->loop = open(p->node, O_RDWR | O_CLOEXEC);
		if (p->loop >= 0 && !ioctl(p->loop, LOOP_CONFIGURE, &config)) {
			ret = 0;
			break;
		}
		ret = -errno;
		if (p->loop >= 0)
			close(p->loop);
		p->loop = -1;
		if (ret != -EBUSY && ret != -ENXIO)
			break;
	}
	close(control);
	return ret ? why_set(why, ret, "no loop device for %s: %s", p->target,
			     strerror(-ret))
		   : 0;
}

/* Until the driver has opened what it was told: its entry appears in sysfs. */
static int wait_open(struct plug *p, struct why *why)
{
	const struct timespec nap = { 0, OPEN_NAP_NS };
	char path[96];

	snprintf(path, sizeof(path),
		"/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device",
		p->device->domid, p->device->id);
	for (int i = 0; i < OPEN_TRIES; i++) {
		if (!access(path, F_OK))
			return 0;
		nanosleep(&nap, NULL);
	}
	return why_set(why, -ETIMEDOUT,
		"the driver does not open %s; dmesg may say why", p->target);
}

static int tell(struct plug *p, struct why *why)
{
	char number[32];
	uint32_t tx;
	int ret;

	snprintf(number, sizeof(number), "%x:%x", major(p->number),
		minor(p->number));
	do {
		ret = xs_begin(p->xs, &tx);
		if (ret)
			break;
		if (p->loop >= 0)
			ret = put(p, tx, "node", p->node);
		if (!ret)
			ret = put(p, tx, "physical-device", number);
		if (!ret)
			ret = put(p, tx, "physical-device-path",
				p->loop >= 0 ? p->node : p->target);
		if (!ret)
			ret = put(p, tx, "hotplug-status", "connected");
		if (ret)
			(void)xs_end(p->xs, tx, false);
		else
			ret = xs_end(p->xs, tx, true);
	} while (ret == -EAGAIN);
	return ret ? why_set(why, ret, "cannot tell the driver of %s: %s",
			     p->target, strerror(-ret))
		   : 0;
}

static int plug_in(struct plug *p, struct why *why)
{
	struct stat st = p->st;
	int ret = check_sharing(p, why);

	if (!ret && S_ISREG(p->st.st_mode)) {
		ret = attach_loop(p, why);
		if (!ret && fstat(p->loop, &st))
			ret = why_set(why, -errno, "%s: %s", p->node,
				strerror(errno));
	}
	if (ret)
		return ret;
	p->number = st.st_rdev;
	ret = tell(p, why);
	return ret ? ret : wait_open(p, why);
}

static const char *find(const struct device_nodes *nodes, const char *name)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (!strcmp(nodes->at[i].name, name))
			return nodes->at[i].value;
	}
	return NULL;
}

/* QEMU's Xen disks lock nothing. */
int hotplug_disk_check(
	struct xs *xs, const struct device_spec *spec, struct why *why)
{
	const char *params = find(&spec->back, "params");
	struct plug p = { .xs = xs, .device = &spec->device, .file = -1 };
	int ret;

	if (spec->device.class != DEVICE_VBD || !spec->device.by_qemu)
		return 0;
	p.target = strdup(strchr(params, ':') + 1);
	p.mode = strdup(find(&spec->back, "mode"));
	ret = p.target && p.mode ? open_target(p.target, is_writable(p.mode),
					   &p.file, &p.st, why)
				 : why_set(why, -ENOMEM, "out of memory");
	if (!ret)
		ret = check_sharing(&p, why);
	if (p.file >= 0)
		close(p.file);
	free(p.target);
	free(p.mode);
	return ret;
}

int hotplug_disk_add(struct xs *xs, const struct device *d, const char *back,
	struct why *why)
{
	struct plug p = {
		.xs = xs, .device = d, .back = back, .file = -1, .loop = -1
	};
	int lock, ret;

	/* Two tools must not both find the target free. */
	lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX))
		ret = why_set(
			why, -errno, "%s: %s", LOCK_FILE, strerror(errno));
	else if (read_node(&p, "params", &p.target) ||
		 read_node(&p, "mode", &p.mode))
		ret = why_set(
			why, -ENOENT, "vbd %u has no params or mode", d->id);
	else
		ret = open_target(
			p.target, is_writable(p.mode), &p.file, &p.st, why);
	if (!ret)
		ret = plug_in(&p, why);
	if (p.loop >= 0)
		close(p.loop);
	if (p.file >= 0)
		close(p.file);
	if (lock >= 0)
		close(lock);
	free(p.target);
	free(p.mode);
	return ret;
}

/* Ours have vanished by themselves; a script's loop device must be told. */
int hotplug_disk_remove(struct xs *xs, const char *back)
{
	struct plug p = { .xs = xs, .back = back };
	struct loop_info64 info;
	char *node = NULL;
	struct stat st;
	int fd, ret = 0;

	if (read_node(&p, "node", &node) || strncmp(node, "/dev/loop", 9) ||
		read_node(&p, "params", &p.target)) {
		free(node);
		return 0;
	}
	fd = open(node, O_RDWR | O_CLOEXEC);
	/* The number may serve another file by now. */
	if (fd >= 0 && !ioctl(fd, LOOP_GET_STATUS64, &info) &&
		!stat(p.target, &st) && info.lo_inode == st.st_ino &&
		!(info.lo_flags & LO_FLAGS_AUTOCLEAR) &&
		ioctl(fd, LOOP_CLR_FD, 0))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(node);
	free(p.target);
	return ret;
}
