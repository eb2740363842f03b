/* SPDX-License-Identifier: BSD-2-Clause */
/* A QEMU's jail; see qemu_jail.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/xs.h>
#include "hotplug_private.h"
#include "qemu_jail.h"

#define ALWAYS (sizeof(always) / sizeof(always[0]))

/* Files of any owner; and owners of files, for folders that are shared. */
#define KEPT_CAPS                                                         \
	(1UL << CAP_DAC_OVERRIDE | 1UL << CAP_CHOWN | 1UL << CAP_FOWNER | \
		1UL << CAP_FSETID)

static const struct qemu_path always[] = {
	{ (char *)"/run/xen", true },
	{ (char *)"/dev/xen/evtchn", true },
	{ (char *)"/dev/xen/gntdev", true },
	{ (char *)"/dev/xen/privcmd", true },
	{ (char *)"/dev/xen/hypercall", true },
	{ (char *)"/dev/xen/xenbus", true },
	{ (char *)"/dev/null", true },
	{ (char *)"/dev/zero", true },
	{ (char *)"/dev/random", false },
	{ (char *)"/dev/urandom", false },
};

/* The file, device or folder of the device; path NULL: it has none. */
static struct qemu_path path_of(struct xs *xs, const struct device *d)
{
	struct qemu_path found = { NULL, true };
	char base[DEVICE_PATH_MAX], *text, *mode, *at;

	device_record_path(d, base);
	if (d->class == DEVICE_9PFS)
		found.path = hotplug_read(xs, base, "path");
	if (d->class != DEVICE_VBD)
		return found;
	text = hotplug_read(xs, base, "params");
	mode = hotplug_read(xs, base, "mode");
	/* "qcow2:/path" */
	at = text ? strchr(text, ':') : NULL;
	if (at && mode) {
		found.path = strdup(at + 1);
		found.is_writable = *mode == 'w';
	}
	free(text);
	free(mode);
	return found;
}

int qemu_paths_read(struct xs *xs, uint32_t domid, struct qemu_paths *paths)
{
	struct device *list;
	size_t count;
	int ret = device_list(xs, domid, &list, &count);

	paths->count = 0;
	if (ret)
		return ret;
	for (size_t i = 0; i < count && !ret; i++) {
		struct qemu_path path = { NULL, false };

		if (list[i].by_qemu)
			path = path_of(xs, &list[i]);
		if (!path.path)
			continue;
		if (paths->count < QEMU_PATHS_MAX) {
			paths->at[paths->count++] = path;
		} else {
			free(path.path);
			ret = -ENOSPC;
		}
	}
	free(list);
	if (ret)
		qemu_paths_free(paths);
	return ret;
}

void qemu_paths_free(struct qemu_paths *paths)
{
	while (paths->count)
		free(paths->at[--paths->count].path);
}

/*
 * The attribute that would keep QEMU from the path, as statvfs shows it; 0:
 * none would, or there is no such file.
 */
static unsigned long bar_of(const struct qemu_path *path)
{
	struct stat st;

	if (stat(path->path, &st))
		return 0;
	if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		return ST_NODEV;
	return path->is_writable ? ST_RDONLY : 0;
}

static int set_mounts(const char *path, uint64_t set, uint64_t clear)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

	return mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr))
		       ? -errno
		       : 0;
}

/* What is to stay open becomes a mount of its own. */
static int set_apart(const struct qemu_path *path)
{
	if (!bar_of(path))
		return 0;
	return mount(path->path, path->path, NULL, MS_BIND | MS_REC, NULL)
		       ? -errno
		       : 0;
}

static int reopen(const struct qemu_path *path)
{
	unsigned long bar = bar_of(path);

	if (!bar)
		return 0;
	return set_mounts(path->path, 0,
		bar == ST_NODEV ? MOUNT_ATTR_NODEV : MOUNT_ATTR_RDONLY);
}

static int shut_files(const struct qemu_paths *paths)
{
	int ret = 0;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) ||
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return -errno;
	for (size_t i = 0; i < ALWAYS && !ret; i++)
		ret = set_apart(&always[i]);
	for (size_t i = 0; i < paths->count && !ret; i++)
		ret = set_apart(&paths->at[i]);
	if (!ret)
		ret = set_mounts("/",
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
				MOUNT_ATTR_NODEV,
			0);
	for (size_t i = 0; i < ALWAYS && !ret; i++)
		ret = reopen(&always[i]);
	for (size_t i = 0; i < paths->count && !ret; i++)
		ret = reopen(&paths->at[i]);
	return ret;
}

/* Root's capabilities after exec are those of the bounding set. */
static int drop_caps(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (KEPT_CAPS & 1UL << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
			return -errno;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* By hand: libseccomp would be loaded by every tool, for these alone. */
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(error)	   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW		   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define DENY(call)	   IS(SYS_##call, 0, 1), REFUSE(EPERM)

/*
 * The low half of an ioctl's number tells the calls of privcmd: hypercall is
 * 'P', 0, and dm_op 'P', 5 (Linux's uapi xen/privcmd.h). The second is as in a
 * kernel that has none, which QEMU's libraries know.
 */
#define PRIVCMD_HYPERCALL 0x5000
#define PRIVCMD_DM_OP	  0x5005
#define X32_CALLS	  0x40000000

static int refuse_calls(void)
{
	struct sock_filter code[] = {
		LOAD(arch),
		IS(AUDIT_ARCH_X86_64, 1, 0),
		REFUSE(ENOSYS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
		REFUSE(ENOSYS),
		DENY(kill),
		DENY(tkill),
		DENY(rt_sigqueueinfo),
		DENY(rt_tgsigqueueinfo),
		DENY(pidfd_send_signal),
		DENY(pidfd_getfd),
		DENY(ptrace),
		DENY(process_vm_readv),
		DENY(process_vm_writev),
		IS(SYS_tgkill, 0, 4),
		LOAD(args[0]),
		IS((uint32_t)getpid(), 0, 1),
		ALLOW,
		REFUSE(EPERM),
		IS(SYS_ioctl, 0, 6),
		LOAD(args[1]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff),
		IS(PRIVCMD_HYPERCALL, 0, 1),
		REFUSE(EPERM),
		IS(PRIVCMD_DM_OP, 0, 1),
		REFUSE(ENOTTY),
		ALLOW,
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0)
		       ? -errno
		       : 0;
}

int qemu_jail_enter(const struct qemu_paths *paths, const char **step)
{
	int ret;

	*step = "file systems";
	ret = shut_files(paths);
	if (!ret) {
		*step = "capabilities";
		ret = drop_caps();
	}
	if (!ret) {
		*step = "system calls";
		ret = refuse_calls();
	}
	return ret;
}

/* In a process of its own: mounts what is open here where QEMU sees it. */
static int mount_there(int ns, const int *trees, const struct qemu_paths *paths)
{
	struct statvfs fs;

	if (setns(ns, CLONE_NEWNS))
		return 1;
	for (size_t i = 0; i < paths->count; i++) {
		const struct qemu_path *path = &paths->at[i];

		if (trees[i] < 0 || statvfs(path->path, &fs) ||
			!(fs.f_flag & bar_of(path)))
			continue;
		if (move_mount(trees[i], "", AT_FDCWD, path->path,
			    MOVE_MOUNT_F_EMPTY_PATH))
			return 1;
	}
	return 0;
}

static int clone_of(const struct qemu_path *path)
{
	return open_tree(AT_FDCWD, path->path,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

int qemu_jail_open(pid_t pid, const struct qemu_paths *paths)
{
	int trees[QEMU_PATHS_MAX], ns, status = 0, ret = 0;
	char path[32];
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return -errno;
	for (size_t i = 0; i < paths->count; i++)
		trees[i] = bar_of(&paths->at[i]) ? clone_of(&paths->at[i]) : -1;
	child = fork();
	if (!child)
		_exit(mount_there(ns, trees, paths));
	if (child < 0 || waitpid(child, &status, 0) != child)
		ret = -errno;
	else if (status)
		ret = -EIO;
	for (size_t i = 0; i < paths->count; i++) {
		if (trees[i] >= 0)
			close(trees[i]);
	}
	close(ns);
	return ret;
}
