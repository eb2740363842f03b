/* SPDX-License-Identifier: BSD-2-Clause */
/* Cores of guests in files; see core.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/dump_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "core.h"
#include "guest.h"
#include "nurse.h"
#include "part.h"
#include "progress.h"
#include "session.h"

int core_path(struct session *s, uint32_t domid, char path[CORE_PATH],
	struct why *why)
{
	time_t now = time(NULL);
	char stamp[32], *name = NULL;
	struct tm utc;
	int ret = dom_name(s->xs, domid, &name);

	if (mkdir(CORE_DIR, 0700) && errno != EEXIST)
		ret = why_set(why, -errno, CORE_DIR ": %s", strerror(errno));
	else if (ret)
		ret = why_set(why, ret, "domain %u has no name: %s", domid,
			strerror(-ret));
	else if (!guest_name_fits(name))
		ret = why_set(why, -EINVAL,
			"the name of domain %u is no name for a file; give one",
			domid);
	if (!ret) {
		gmtime_r(&now, &utc);
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
		snprintf(path, CORE_PATH, CORE_DIR "/%s-%s.core", name, stamp);
	}
	free(name);
	return ret;
}

static int write_part(
	struct session *s, uint32_t domid, struct part *p, struct why *why)
{
	struct progress progress;
	const struct save_progress tell = { progress_tell, &progress };
	struct save_file f;
	int ret = save_file_begin(&f, p->fd);

	if (ret)
		return why_set(why, ret, "out of memory");
	f.is_sparse = true;
	progress_begin(&progress, p->name);
	ret = dump_pv(s->ctrl, domid, &tell, &f, why);
	progress_end(&progress);
	save_file_end(&f);
	return ret ? ret : part_keep(p, why);
}

/* What stays when this process is killed. */
struct remains {
	uint32_t domid;
	const char *part;
};

static void clean(bool is_paused, const void *arg)
{
	const struct remains *r = arg;
	struct session session = { NULL, NULL };

	unlink(r->part);
	if (is_paused && !session_open(&session))
		(void)domctl_unpause(session.ctrl, r->domid);
}

static int is_running(
	struct session *s, uint32_t domid, bool *running, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	int ret = sysctl_domain(s->ctrl, domid, &info);

	if (ret)
		return why_set(why, ret, "domain %u is gone: %s", domid,
			strerror(-ret));
	*running = !(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown |
					  XEN_DOMINF_dying));
	return 0;
}

int core_write(struct session *s, uint32_t domid, const char *file, bool live,
	struct why *why)
{
	struct nurse n = { .pid = 0 };
	struct remains remains = { .domid = domid };
	struct part part;
	bool running = false, paused = false;
	int ret = is_running(s, domid, &running, why);

	if (!ret)
		ret = part_name(&part, file, why);
	if (ret)
		return ret;
	remains.part = part.path;
	ret = nurse_start(&n, clean, &remains, why);
	if (!ret)
		ret = part_open(&part, why);
	if (!ret && running && !live) {
		if (!nurse_begun(&n))
			ret = why_set(why, -EPIPE, "a child was killed");
		else
			ret = domctl_pause(s->ctrl, domid);
		paused = !ret;
		if (ret && ret != -EPIPE)
			(void)why_set(why, ret,
				"domain %u cannot be paused: %s", domid,
				strerror(-ret));
	}
	if (!ret)
		ret = write_part(s, domid, &part, why);
	if (paused)
		(void)domctl_unpause(s->ctrl, domid);
	nurse_end(&n);
	part_close(&part, !ret);
	return ret;
}
