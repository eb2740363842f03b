/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that read bytes of a guest; see jail.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "jail.h"
#include "wire.h"

#define NAMESPACES                                                   \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | \
		CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define FD_HIGH 64 /* above all numbers that a jail uses */

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = -errno;
	close(fd);
	return ret;
}

/* The jail's root is the given user outside, and nobody else exists there. */
static int map_user(pid_t pid, const struct jail_user *user)
{
	char text[64];
	int ret = 0;

	/* Who may not set groups must forbid it before the map is taken. */
	if (geteuid())
		ret = write_file(pid, "setgroups", "deny");
	if (!ret) {
		snprintf(text, sizeof(text), "0 %u 1", user->gid);
		ret = write_file(pid, "gid_map", text);
	}
	if (!ret) {
		snprintf(text, sizeof(text), "0 %u 1", user->uid);
		ret = write_file(pid, "uid_map", text);
	}
	return ret;
}

static int become_user(bool may_set_groups)
{
	if ((may_set_groups && setgroups(0, NULL)) || setresgid(0, 0, 0) ||
		setresuid(0, 0, 0))
		return -errno;
	/* After the change of user, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_DUMPABLE, 0))
		return -errno;
	return 0;
}

/* The same object at the same path of the new root, below the cwd. */
static int bind_path(const char *path, bool is_device)
{
	const char *inside = path + 1;
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
	char link[256];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			return -errno;
		link[n] = '\0';
		return symlink(link, inside) ? -errno : 0;
	}
	if (S_ISDIR(st.st_mode)) {
		if (mkdir(inside, 0755))
			return -errno;
	} else if (mknod(inside, S_IFREG | 0644, 0)) {
		return -errno;
	}
	if (mount(path, inside, NULL, MS_BIND | MS_REC, NULL))
		return -errno;
	if (is_device)
		return 0;
	return mount(NULL, inside, NULL, flags | MS_NODEV, NULL) ? -errno : 0;
}

/*
 * A file system with the two devices that programs need, for everybody, not
 * mounted anywhere: it is gone with its descriptor. On the machine itself
 * /dev/fuse may be root's alone. Only real root can make it: -EPERM.
 */
static int make_devices(void)
{
	int config = fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -1, ret = 0;
	mode_t mask = umask(0);

	if (config < 0 ||
		fsconfig(config, FSCONFIG_SET_STRING, "mode", "755", 0) ||
		fsconfig(config, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		ret = -errno;
	if (!ret)
		fd = fsmount(config, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (!ret &&
		(fd < 0 || mknodat(fd, "null", S_IFCHR | 0666, makedev(1, 3)) ||
			mknodat(fd, "fuse", S_IFCHR | 0666, makedev(10, 229))))
		ret = -errno;
	umask(mask);
	if (config >= 0)
		close(config);
	if (ret && fd >= 0)
		close(fd);
	return ret ? ret : fd;
}

static int bind_devices(int devices)
{
	int ret;

	if (mkdir("dev", 0755))
		return -errno;
	if (devices >= 0)
		return move_mount(devices, "", AT_FDCWD, "dev",
			       MOVE_MOUNT_F_EMPTY_PATH)
			       ? -errno
			       : 0;
	ret = bind_path("/dev/null", true);
	return ret ? ret : bind_path("/dev/fuse", true);
}

static int bind_programs(int devices)
{
	static const char *const paths[] = { "/usr", "/bin", "/lib", "/lib64",
		"/etc/ld.so.cache" };
	int ret = mkdir("etc", 0755) ? -errno : 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && !ret; i++)
		ret = bind_path(paths[i], false);
	return ret ? ret : bind_devices(devices);
}

/*
 * Makes the file system of the working directory the root. That of an initramfs
 * cannot be put aside and is covered: no filter lets a jail uncover it.
 */
static int enter_root(void)
{
	if (!syscall(SYS_pivot_root, ".", "."))
		return umount2(".", MNT_DETACH) || chdir("/") ? -errno : 0;
	if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) ||
		chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

/* An empty file system, or one with the machine's programs. */
static int change_root(bool has_programs, int devices)
{
	static const char *const places[] = { "/tmp", "/run", "/mnt", "/dev" };
	int ret = -ENOENT;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && ret; i++) {
		if (mount("jail", places[i], "tmpfs",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC,
			    "size=64k,nr_inodes=64,mode=755"))
			ret = -errno;
		else
			ret = chdir(places[i]) ? -errno : 0;
	}
	if (!ret && has_programs)
		ret = bind_programs(devices);
	if (ret)
		return ret;
	return enter_root();
}

/* Descriptors at their numbers, all others closed. */
static int arrange_fds(const struct jail_spec *spec, int sock, int null)
{
	int high[JAIL_FDS_MAX + 1];
	unsigned int n = spec->fd_count;

	for (unsigned int i = 0; i <= n; i++) {
		high[i] = fcntl(i ? spec->fds[i - 1] : sock, F_DUPFD, FD_HIGH);
		if (high[i] < 0)
			return -errno;
	}
	if (!spec->has_terminal && (dup2(null, 0) < 0 || dup2(null, 1) < 0))
		return -errno;
#ifndef TENON_SANITIZED
	if (dup2(null, 2) < 0)
		return -errno;
#endif
	for (unsigned int i = 0; i <= n; i++) {
		if (dup2(high[i], JAIL_SOCK + (int)i) < 0)
			return -errno;
	}
	return syscall(SYS_close_range, JAIL_FD + n, ~0U, 0) ? -errno : 0;
}

static int set_limit(int resource, uint64_t value)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	return setrlimit((unsigned int)resource, &limit) ? -errno : 0;
}

static int set_limits(const struct jail_spec *spec)
{
	int ret = set_limit(RLIMIT_CPU, spec->cpu_seconds);

#ifndef TENON_SANITIZED
	if (!ret)
		ret = set_limit(RLIMIT_AS, spec->memory);
#endif
	if (!ret)
		ret = set_limit(RLIMIT_FSIZE, spec->file_size);
	if (!ret)
		ret = set_limit(RLIMIT_CORE, 0);
	if (!ret)
		ret = set_limit(RLIMIT_NOFILE, 256);
	return ret;
}

/* The child: never returns. */
static void run(const struct jail_spec *spec, int sock, int devices,
	bool may_set_groups)
{
	struct why why;
	char go;
	int ret, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The parent has written the map of users, or is gone. */
	while ((ret = (int)read(sock, &go, 1)) < 0 && errno == EINTR)
		;
	if (ret != 1)
		_exit(1);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	ret = null < 0 ? -errno : become_user(may_set_groups);
	if (!ret)
		ret = change_root(spec->has_programs, devices);
	if (!ret)
		ret = set_limits(spec);
	if (!ret)
		ret = arrange_fds(spec, sock, null);
	if (ret) {
		why_set(&why, ret, "the jail cannot be set up: %s",
			strerror(-ret));
		wire_fail(sock, ret, &why);
		_exit(1);
	}
	_exit(spec->run(spec->arg));
}

int jail_start(const struct jail_spec *spec, struct jail *jail, struct why *why)
{
	bool is_root = !geteuid();
	int socks[2], ret, devices = -1;
	long pid;

	if (spec->has_programs && is_root)
		devices = make_devices();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return why_set(
			why, -errno, "%s: %s", spec->name, strerror(errno));
	fflush(NULL);
	pid = syscall(SYS_clone, NAMESPACES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		close(socks[0]);
		run(spec, socks[1], devices, is_root);
	}
	ret = pid < 0 ? -errno : 0;
	if (devices >= 0)
		close(devices);
	close(socks[1]);
	if (ret) {
		close(socks[0]);
		return why_set(why, ret,
			"%s: the kernel makes no jail: %s; user namespaces are "
			"needed (sysctl user.max_user_namespaces, "
			"kernel.unprivileged_userns_clone)",
			spec->name, strerror(-ret));
	}
	jail->pid = (pid_t)pid;
	jail->sock = socks[0];
	ret = map_user(jail->pid, &spec->user);
	if (!ret && write(jail->sock, "g", 1) != 1)
		ret = -errno;
	if (ret) {
		jail_end(jail);
		return why_set(why, ret, "%s: user %u cannot be the jail's: %s",
			spec->name, spec->user.uid, strerror(-ret));
	}
	return 0;
}

void jail_kill(const struct jail *jail)
{
	if (jail->pid)
		kill(jail->pid, SIGKILL);
}

void jail_end(struct jail *jail)
{
	if (!jail->pid)
		return;
	jail_kill(jail);
	while (waitpid(jail->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(jail->sock);
	jail->pid = 0;
	jail->sock = -1;
}
