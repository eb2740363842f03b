/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lets Debian's xenstored and oxenstored serve their socket on a plain host.
 *
 * Preloaded, it answers in place of the libraries for event channels, grants
 * and control calls: opening works, domain 0's ring is a file that nobody
 * writes to, no event ever comes and there is no domain but 0. Paths below
 * /proc/xen, /dev/xen, /run/xen*, /var/run/xen* and /var/log/xen lead to one
 * flat folder, the one that TENON_FAKE names, where the caller has put xsd_kva
 * (a page) and xsd_port (a number). Nothing else of the daemons is touched.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *const roots[] = { "/proc/xen/", "/dev/xen/", "/run/xen/",
	"/run/xenstored", "/var/run/xen/", "/var/run/xenstored",
	"/var/log/xen" };

/* Where a path leads; `buf` holds it when it is another one. */
static const char *redirect(const char *path, char *buf, size_t size)
{
	const char *fake = getenv("TENON_FAKE"), *rest;
	size_t i;

	for (i = 0; fake && path && i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (strncmp(path, roots[i], strlen(roots[i])))
			continue;
		rest = path + strlen(roots[i]);
		while (*rest == '/')
			rest++;
		snprintf(buf, size, "%s/%s", fake, rest);
		return buf;
	}
	return path;
}

int open(const char *path, int flags, ...)
{
	char buf[4096];
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return REAL(open)(redirect(path, buf, sizeof(buf)), flags, mode);
}

int open64(const char *path, int flags, ...)
{
	char buf[4096];
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return REAL(open64)(redirect(path, buf, sizeof(buf)), flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
	char buf[4096];

	return REAL(mkdir)(redirect(path, buf, sizeof(buf)), mode);
}

int unlink(const char *path)
{
	char buf[4096];

	return REAL(unlink)(redirect(path, buf, sizeof(buf)));
}

int bind(int fd, const struct sockaddr *at, socklen_t len)
{
	const struct sockaddr_un *un = (const void *)at;
	struct sockaddr_un other = { .sun_family = AF_UNIX };
	char buf[sizeof(other.sun_path)];

	if (at->sa_family != AF_UNIX || !un->sun_path[0])
		return REAL(bind)(fd, at, len);
	snprintf(other.sun_path, sizeof(other.sun_path), "%s",
		redirect(un->sun_path, buf, sizeof(buf)));
	return REAL(bind)(fd, (struct sockaddr *)&other, sizeof(other));
}

/* oxenstored ends when it may not raise its limits. */
int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
	if (REAL(setrlimit)(what, limit))
		return errno == EPERM ? 0 : -1;
	return 0;
}

/* The libraries' functions: handles are the addresses of these. */
static char evtchn, gnttab, control;
static int events = -1;

void *xenevtchn_open(void *logger, unsigned int flags);
void *xenevtchn_fdopen(void *logger, int fd, unsigned int flags);
int xenevtchn_close(void *xce);
int xenevtchn_fd(void *xce);
int xenevtchn_notify(void *xce, uint32_t port);
int xenevtchn_bind_interdomain(void *xce, uint32_t domid, uint32_t port);
int xenevtchn_bind_virq(void *xce, unsigned int virq);
int xenevtchn_unbind(void *xce, uint32_t port);
int xenevtchn_pending(void *xce);
int xenevtchn_unmask(void *xce, uint32_t port);
void *xengnttab_open(void *logger, unsigned int flags);
int xengnttab_close(void *xgt);
int xengnttab_set_max_grants(void *xgt, uint32_t count);
void *xengnttab_map_grant_ref(
	void *xgt, uint32_t domid, uint32_t ref, int protection);
int xengnttab_unmap(void *xgt, void *at, uint32_t count);
void *xc_interface_open(void *logger, void *dombuild, unsigned int flags);
int xc_interface_close(void *xch);
int xc_domain_getinfo(
	void *xch, uint32_t first, unsigned int count, void *info);
int xc_domain_getinfolist(
	void *xch, uint32_t first, unsigned int count, void *info);

void *xenevtchn_open(void *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	if (events < 0)
		events = eventfd(0, 0);
	return &evtchn;
}

void *xenevtchn_fdopen(void *logger, int fd, unsigned int flags)
{
	(void)fd;
	return xenevtchn_open(logger, flags);
}

int xenevtchn_close(void *xce)
{
	(void)xce;
	return 0;
}

int xenevtchn_fd(void *xce)
{
	(void)xce;
	return events;
}

int xenevtchn_notify(void *xce, uint32_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

int xenevtchn_bind_interdomain(void *xce, uint32_t domid, uint32_t port)
{
	(void)xce;
	(void)domid;
	(void)port;
	return 2;
}

int xenevtchn_bind_virq(void *xce, unsigned int virq)
{
	(void)xce;
	(void)virq;
	return 3;
}

int xenevtchn_unbind(void *xce, uint32_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

int xenevtchn_pending(void *xce)
{
	(void)xce;
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(void *xce, uint32_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

void *xengnttab_open(void *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return &gnttab;
}

int xengnttab_close(void *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(void *xgt, uint32_t count)
{
	(void)xgt;
	(void)count;
	return 0;
}

void *xengnttab_map_grant_ref(
	void *xgt, uint32_t domid, uint32_t ref, int protection)
{
	(void)xgt;
	(void)domid;
	(void)ref;
	(void)protection;
	errno = ENOENT;
	return NULL;
}

int xengnttab_unmap(void *xgt, void *at, uint32_t count)
{
	(void)xgt;
	(void)at;
	(void)count;
	return 0;
}

void *xc_interface_open(void *logger, void *dombuild, unsigned int flags)
{
	(void)logger;
	(void)dombuild;
	(void)flags;
	return &control;
}

int xc_interface_close(void *xch)
{
	(void)xch;
	return 0;
}

int xc_domain_getinfo(void *xch, uint32_t first, unsigned int count, void *info)
{
	(void)xch;
	(void)first;
	(void)count;
	(void)info;
	return 0;
}

int xc_domain_getinfolist(
	void *xch, uint32_t first, unsigned int count, void *info)
{
	(void)xch;
	(void)first;
	(void)count;
	(void)info;
	return 0;
}
