/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers that start guests again; see restart.h. Each step first looks
 * whether it was done before: a worker that was killed at any point is
 * followed by another that goes on there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/core.h"
#include "common/err.h"
#include "common/guardian.h"
#include "common/kept.h"
#include "common/pace.h"
#include "common/session.h"
#include "restart.h"

/* Before another tries what this one could not for want of a daemon. */
#define PAUSE_SECONDS 2

unsigned int restart_most = PACE_MOST;

/* A wish being carried out. */
struct work {
	struct session session;
	char path[KEPT_PATH + 16];
	uint32_t domid; /* of the domain that stopped */
	enum dom_action action;
	char name[DOM_NAME_MAX + 1];
	uint8_t uuid[16];
};

static int read_wish(struct work *w, struct why *why)
{
	const struct config_setting *name, *uuid;
	struct config config = { 0 };
	int ret = config_read(&config, w->path, why);

	if (!ret) {
		name = config_find(&config, "name");
		uuid = config_find(&config, "uuid");
		if (!name || !uuid || !name->value.string ||
			!uuid->value.string ||
			strlen(name->value.string) > DOM_NAME_MAX ||
			dom_uuid_parse(uuid->value.string, w->uuid))
			ret = why_set(why, -EINVAL,
				"%s: a name or a uuid is missing", w->path);
		else
			strcpy(w->name, name->value.string);
	}
	config_free(&config);
	return ret;
}

/* A name for the old domain; the time tells several of them apart. */
static int set_aside(struct work *w, struct why *why)
{
	char name[DOM_NAME_MAX + 1], stamp[32];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "-%Y%m%dT%H%M%SZ", &utc);
	snprintf(name, sizeof(name), "%.*s%s",
		(int)(DOM_NAME_MAX - strlen(stamp)), w->name, stamp);
	return dom_set_aside(
		w->session.ctrl, w->session.xs, w->domid, name, why);
}

/* A core is worth an attempt; without it the rest is done all the same. */
static void dump(struct work *w)
{
	char path[CORE_PATH];
	struct why why;
	int ret = core_path(&w->session, w->domid, path, &why);

	if (!ret)
		ret = core_write(&w->session, w->domid, path, false, &why);
	if (ret)
		err_say("domain %u '%s' is not dumped: %s", w->domid, w->name,
			why.text);
	else
		err_say("the core of domain %u '%s' is %s", w->domid, w->name,
			path);
}

/* Ends the domain that stopped, unless that was done before. */
static int end_old(struct work *w, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	int ret = sysctl_domain(w->session.ctrl, w->domid, &info);

	if (ret && ret != -ESRCH)
		return why_set(why, ret, "cannot ask about domain %u: %s",
			w->domid, strerror(-ret));
	if (!ret && memcmp(info.handle, w->uuid, 16) != 0)
		return 0;
	if (!ret && !(info.flags & XEN_DOMINF_dying)) {
		if (w->action == DOM_RENAME_RESTART)
			return set_aside(w, why);
		if (w->action != DOM_RESTART)
			dump(w);
	}
	/* A record may be left of a domain that is gone. */
	if (ret && !dom_is_ours(w->session.xs, w->domid))
		return 0;
	return dom_destroy(w->session.ctrl, w->session.xs, w->domid, why);
}

/* Whether the guest already runs as another domain. */
static int look_for_new(struct work *w, bool *found, struct why *why)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(w->session.ctrl, &list, &count);

	if (ret)
		return why_set(why, ret, "cannot list the domains: %s",
			strerror(-ret));
	*found = false;
	for (size_t i = 0; i < count; i++)
		*found |= list[i].domain && list[i].domain != w->domid &&
			  !(list[i].flags & XEN_DOMINF_dying) &&
			  !memcmp(list[i].handle, w->uuid, 16);
	free(list);
	return 0;
}

static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* domcreate holds the wish by the descriptors that it inherits. */
static int create(const struct work *w, struct why *why)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("domcreate", "domcreate", w->path, (char *)NULL);
		err_say("domcreate: %s", strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		return why_set(why, -EAGAIN, "fork: %s", strerror(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Killed by somebody, not by a fault of its own. */
	if (WIFSIGNALED(status) &&
		(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM))
		return why_set(why, -EINTR, "domcreate was killed");
	return WIFEXITED(status) && !WEXITSTATUS(status)
		       ? 0
		       : why_set(why, -EIO, "domcreate failed");
}

/* What failed for good is kept for a person to mend. */
static void give_up(const struct work *w, const struct why *why)
{
	char failed[sizeof(w->path) + 8];

	snprintf(failed, sizeof(failed), "%s.failed", w->path);
	if (rename(w->path, failed))
		err_say("%s: %s", failed, strerror(errno));
	err_say("domain %u '%s' is not started again: %s; its configuration "
		"is %s: domcreate it when that is mended",
		w->domid, w->name, why->text, failed);
}

/*
 * A wish may outlive what it wished for: the worker was killed and its
 * domcreate was not, the new domain stopped in turn, and that one's worker has
 * the name.
 */
static bool came_meanwhile(struct work *w)
{
	const struct timespec nap = { 0, 250000000 };
	bool found = false;
	struct why why;

	for (int i = 0; i < 20 && !found; i++) {
		nanosleep(&nap, NULL);
		if (look_for_new(w, &found, &why))
			break;
	}
	return found;
}

static void work(struct work *w)
{
	struct why why;
	bool running = false;
	int ret;

	if (session_open(&w->session)) {
		sleep(PAUSE_SECONDS);
		return;
	}
	/* A maker that was killed on this way left something, too. */
	guardian_sweep(&w->session);
	ret = read_wish(w, &why);
	if (!ret && end_old(w, &why))
		err_say("%s", why.text);
	if (!ret && w->action == DOM_COREDUMP_DESTROY) {
		unlink(w->path);
		session_close(&w->session);
		return;
	}
	if (!ret)
		ret = pace_count(PACE_DIR, w->uuid, w->domid, seconds(),
			restart_most, &why);
	if (!ret)
		ret = look_for_new(w, &running, &why);
	if (!ret && !running)
		ret = create(w, &why);
	if (ret && ret != -EINTR && ret != -ELOOP && came_meanwhile(w))
		ret = 0;
	/* A wish that stays is another worker's. */
	if (ret && ret != -EINTR)
		give_up(w, &why);
	else if (!ret)
		unlink(w->path);
	session_close(&w->session);
}

/*
 * The lock is of a descriptor for reading and the one for writing is the
 * worker's alone: when it ends, and not when somebody looked, the folder's
 * watcher hears of it. False if somebody else has the lock.
 */
static bool start(struct work *w)
{
	int lock = open(w->path, O_RDONLY | O_NOFOLLOW), bell;
	struct stat st;

	if (lock < 0)
		return true;
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		close(lock);
		return false;
	}
	if (fstat(lock, &st) || !st.st_nlink || access(w->path, F_OK)) {
		close(lock);
		return true;
	}
	bell = open(w->path, O_WRONLY | O_NOFOLLOW);
	switch (bell < 0 ? -1 : fork()) {
	case 0:
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		work(w);
		_exit(0);
	case -1:
		err_say("%s: %s; tried again later", w->path, strerror(errno));
		break;
	default:
		break;
	}
	if (bell >= 0)
		close(bell);
	close(lock);
	return true;
}

bool restart_sweep(void)
{
	DIR *list = opendir(KEPT_AGAIN_DIR);
	struct dirent *e;
	bool others = false;

	pace_sweep(PACE_DIR, seconds());
	if (!list)
		return false;
	while ((e = readdir(list))) {
		struct work w = { .session = { NULL, NULL } };

		if (!kept_parse(e->d_name, &w.domid, &w.action))
			continue;
		snprintf(w.path, sizeof(w.path), KEPT_AGAIN_DIR "/%.24s",
			e->d_name);
		others |= !start(&w);
	}
	closedir(list);
	return others;
}
