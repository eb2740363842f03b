/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: what happens to a domain while it lives, and its end; see xl.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "xl.h"

#define POLL_MS 500

static int pause_or_not(struct xl_call *c, bool stops)
{
	uint32_t domid;
	int ret;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!domid)
		return xl_fail("domain 0 is this one");
	ret = stops ? domctl_pause(c->session.ctrl, domid)
		    : domctl_unpause(c->session.ctrl, domid);
	/* To let run what runs is no failure. */
	if (ret == -EINVAL && !stops)
		ret = 0;
	return ret ? xl_fail("cannot %s domain %u: %s",
			     stops ? "pause" : "unpause", domid, strerror(-ret))
		   : XL_OK;
}

int xl_pause(struct xl_call *c)
{
	return pause_or_not(c, true);
}

int xl_unpause(struct xl_call *c)
{
	return pause_or_not(c, false);
}

int xl_destroy(struct xl_call *c)
{
	struct why why;
	uint32_t domid;
	int id;

	while ((id = xl_next(c, "f", NULL)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!domid)
		return xl_fail("Not destroying domain 0; it is this one.");
	if (dom_destroy(c->session.ctrl, c->session.xs, domid, &why))
		return xl_fail("destroy failed: %s", why.text);
	return XL_OK;
}

/* What `xl shutdown` and `xl reboot` share. */
struct request {
	const char *word;  /* for control/shutdown */
	const char *doing; /* "Shutting down" */
	bool waits;
	uint32_t *domids;
	size_t count;
};

static int ask(struct xl_call *c, struct request *r, uint32_t domid)
{
	char path[64];
	int ret;

	fprintf(stderr, "%s domain %u\n", r->doing, domid);
	snprintf(
		path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
	ret = xs_write(c->session.xs, 0, path, r->word, strlen(r->word));
	if (ret)
		return xl_fail("%s failed: cannot write %s: %s", r->word, path,
			strerror(-ret));
	r->domids[r->count++] = domid;
	return XL_OK;
}

/* Whether the domain has stopped, which is said once. */
static bool has_stopped(struct xl_call *c, uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;

	if (sysctl_domain(c->session.ctrl, domid, &info) ||
		info.flags & XEN_DOMINF_dying) {
		fprintf(stderr, "Domain %u has been destroyed\n", domid);
		return true;
	}
	if (!(info.flags & XEN_DOMINF_shutdown))
		return false;
	fprintf(stderr, "Domain %u has been shut down, reason code %u\n", domid,
		info.flags >> XEN_DOMINF_shutdownshift &
			XEN_DOMINF_shutdownmask);
	return true;
}

/* Looks at each change in the store, and now and then. */
static int wait_for_all(struct xl_call *c, struct request *r)
{
	fprintf(stderr, "Waiting for %zu domains\n", r->count);
	(void)xs_watch(c->session.xs, "@releaseDomain", "wait");
	while (r->count) {
		char *path, *token;
		size_t left = 0;
		int ret;

		for (size_t i = 0; i < r->count; i++) {
			if (!has_stopped(c, r->domids[i]))
				r->domids[left++] = r->domids[i];
		}
		r->count = left;
		if (!left)
			break;
		ret = xs_next_event(c->session.xs, POLL_MS, &path, &token);
		if (!ret) {
			free(path);
			free(token);
		} else if (ret != -ETIMEDOUT && ret != -EINTR) {
			return xl_fail(
				"the store daemon is gone: %s", strerror(-ret));
		}
	}
	return XL_OK;
}

static int ask_all(struct xl_call *c, struct request *r)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int failed = XL_OK,
	    ret = sysctl_domains(c->session.ctrl, &list, &count);

	if (ret)
		return xl_fail("cannot list the domains: %s", strerror(-ret));
	r->domids = calloc(count + 1, sizeof(*r->domids));
	for (size_t i = 0; r->domids && i < count; i++) {
		if (list[i].domain && !(list[i].flags & XEN_DOMINF_shutdown))
			failed |= ask(c, r, list[i].domain);
	}
	free(list);
	return r->domids ? failed : xl_fail("out of memory");
}

static int stop(struct xl_call *c, struct request *r)
{
	static const struct option longs[] = {
		{ "all", 0, NULL, 'a' },
		{ "wait", 0, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	bool all = false;
	uint32_t domid;
	int id, ret;

	/* F: send an ACPI event to those without drivers; PV guests have. */
	while ((id = xl_next(c, "awF", longs)) >= 0) {
		all |= id == 'a';
		r->waits |= id == 'w';
	}
	if (id == XL_STOP)
		return c->status;
	if (!all && optind >= c->argc)
		return xl_fail("You must specify -a or a domain id.\n");
	if (all) {
		if (optind < c->argc)
			return xl_fail("You can't specify -a and a domain "
				       "id.\n");
		ret = ask_all(c, r);
	} else {
		if (!xl_domain(c, c->argv[optind], &domid))
			return XL_FAILED;
		if (!domid)
			return xl_fail("domain 0 is this one");
		r->domids = calloc(1, sizeof(*r->domids));
		ret = r->domids ? ask(c, r, domid) : xl_fail("out of memory");
	}
	if (!ret && r->waits)
		ret = wait_for_all(c, r);
	free(r->domids);
	return ret;
}

int xl_shutdown(struct xl_call *c)
{
	struct request r = { .word = "poweroff", .doing = "Shutting down" };

	return stop(c, &r);
}

int xl_reboot(struct xl_call *c)
{
	struct request r = { .word = "reboot", .doing = "Rebooting" };

	return stop(c, &r);
}

/* Runs a tool of ours on the domain that the first operand names. */
static int with_domain(struct xl_call *c, const char *tool, const char *verb,
	const char *more, const char *last)
{
	char id[16], *argv[7];
	uint32_t domid;
	int count = 0;

	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	snprintf(id, sizeof(id), "%u", domid);
	argv[count++] = (char *)tool;
	if (verb)
		argv[count++] = (char *)verb;
	argv[count++] = id;
	argv[count++] = (char *)more;
	argv[count++] = (char *)last;
	argv[count] = NULL;
	return xl_become(tool, argv, false);
}

int xl_rename(struct xl_call *c)
{
	if (xl_plain(c) == XL_STOP)
		return c->status;
	return with_domain(c, "domrename", NULL, c->argv[optind + 1], NULL);
}

int xl_console(struct xl_call *c)
{
	uint32_t domid;
	int id;

	/* The type and number of a console: a PV guest has one. */
	while ((id = xl_next(c, "n:t:e:s:", NULL)) >= 0)
		;
	if (id == XL_STOP)
		return c->status;
	if (!xl_domain(c, c->argv[optind], &domid))
		return XL_FAILED;
	if (!domid) {
		xl_fail("Can't specify Domain-0");
		return EINVAL;
	}
	return with_domain(c, "domcons", NULL, NULL, NULL);
}

int xl_trigger(struct xl_call *c)
{
	static const char *const known[] = { "nmi", "reset", "init", "power",
		"sleep", "s3resume" };
	const char *word;
	size_t i = 0;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	word = c->argv[optind + 1];
	while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], word))
		i++;
	if (i == sizeof(known) / sizeof(known[0]))
		return xl_fail("Invalid trigger \"%s\"", word);
	return with_domain(c, "domkey", "trigger", word,
		optind + 2 < c->argc ? c->argv[optind + 2] : NULL);
}

int xl_sysrq(struct xl_call *c)
{
	if (xl_plain(c) == XL_STOP)
		return c->status;
	if (!c->argv[optind + 1][0] || c->argv[optind + 1][1]) {
		xl_fail("Invalid sysrq.\n");
		xl_usage(c->command);
		return XL_FAILED;
	}
	return with_domain(c, "domkey", "sysrq", c->argv[optind + 1], NULL);
}
