/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domdev: lists a guest's disks and network cards, and adds or removes one
 * while it runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/devices.h"
#include "common/err.h"
#include "common/kept.h"
#include "common/render.h"
#include "common/session.h"

#define SECONDS_DEFAULT 20

static const struct args_option options[] = {
	{ 'f', "force", NULL, "rm: do not ask the guest" },
	{ 'j', "json", NULL, "ls: print JSON" },
	{ 't', "timeout", "SECONDS", "how long to wait (20)" },
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "KIND", "kind", false },
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "STATE", "state", false },
	{ "MODE", "mode", false },
	{ "TARGET", "target", false },
	{ NULL, NULL, false },
};

struct wish {
	bool force, json;
	unsigned int seconds;
};

/* One guest's session. */
struct call {
	struct session session;
	uint32_t domid;
	const struct wish *wish;
};

/* A node of the tools' record or of the back end; "" when it is missing. */
static char *read_node(struct xs *xs, const char *base, const char *name)
{
	char path[DEVICE_PATH_MAX + 32], *value;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return xs_read(xs, 0, path, &value, &len) ? strdup("") : value;
}

static const char *state_word(const char *state)
{
	static const char *const words[] = { "gone", "starting", "waiting",
		"ready", "connected", "closing", "closed", "reconfiguring",
		"reconfigured" };
	unsigned int number = (unsigned int)atoi(state);

	return words[number < sizeof(words) / sizeof(words[0]) ? number : 0];
}

/* A disk by its name, a card as "vif0". */
static char *name_of(struct xs *xs, const struct device *d)
{
	char path[DEVICE_PATH_MAX], *name;

	if (d->class != DEVICE_VBD)
		return asprintf(&name, "%s%u", device_class_name(d->class),
			       d->id) < 0
			       ? NULL
			       : name;
	device_record_path(d, path);
	return read_node(xs, path, "dev");
}

static void add_row(struct render *r, struct xs *xs, const struct device *d)
{
	char record[DEVICE_PATH_MAX], back[DEVICE_PATH_MAX];
	static const char *const kinds[DEVICE_CLASSES] = {
		[DEVICE_VBD] = "disk",
		[DEVICE_VIF] = "net",
		[DEVICE_VFB] = "screen",
		[DEVICE_VKBD] = "keyboard",
		[DEVICE_9PFS] = "folder",
	};
	static const char *const targets[DEVICE_CLASSES] = {
		[DEVICE_VBD] = "params",
		[DEVICE_VIF] = "bridge",
		[DEVICE_VFB] = "vnclisten",
		[DEVICE_VKBD] = "backend-type",
		[DEVICE_9PFS] = "path",
	};
	bool is_disk = d->class == DEVICE_VBD;
	char *name = name_of(xs, d), *mode, *target, *state;

	device_record_path(d, record);
	device_back_path(d, back);
	state = read_node(xs, back, "state");
	mode = is_disk ? read_node(xs, record, "mode")
		       : read_node(xs, record, "mac");
	target = read_node(xs, record, targets[d->class]);
	render_string(r, kinds[d->class]);
	render_string(r, name ? name : "");
	render_number(r, d->id);
	render_string(r, state_word(state ? state : ""));
	render_string(r, mode ? mode : "");
	render_string(r, target ? target : "");
	free(name);
	free(state);
	free(mode);
	free(target);
}

static int list_devices(struct call *c, struct why *why)
{
	struct device *list;
	struct render *r;
	size_t count;
	int ret = device_list(c->session.xs, c->domid, &list, &count);

	if (ret)
		return why_set(
			why, ret, "cannot read the store: %s", strerror(-ret));
	r = render_new(c->wish->json, columns);
	if (!r) {
		free(list);
		return why_set(why, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		add_row(r, c->session.xs, &list[i]);
	free(list);
	ret = render_end(r);
	return ret ? why_set(why, ret, "cannot write the list: %s",
			     strerror(-ret))
		   : 0;
}

/* Whether the tools have a record of it; a card's number may be chosen. */
static bool exists(struct call *c, const struct device *d)
{
	char path[DEVICE_PATH_MAX], *back;

	device_record_path(d, path);
	back = read_node(c->session.xs, path, "backend");
	if (!back || !*back) {
		free(back);
		return false;
	}
	free(back);
	return true;
}

static int write_nodes(
	struct call *c, const struct device_spec *spec, struct why *why)
{
	struct xs *xs = c->session.xs;
	uint32_t tx;
	int ret;

	do {
		ret = xs_begin(xs, &tx);
		if (ret)
			break;
		ret = device_write(xs, tx, spec);
		if (ret)
			(void)xs_end(xs, tx, false);
		else
			ret = xs_end(xs, tx, true);
	} while (ret == -EAGAIN);
	return ret ? why_set(why, ret, "cannot write the device's nodes: %s",
			     strerror(-ret))
		   : 0;
}

static int start_qemu(struct call *c, struct why *why)
{
	char *name;
	int ret = dom_name(c->session.xs, c->domid, &name);

	if (ret)
		return why_set(why, ret, "domain %u has no name", c->domid);
	ret = qemu_start(c->session.xs, c->domid, name, NULL, why);
	free(name);
	return ret;
}

static int plug(struct call *c, const struct device_spec *spec, struct why *why)
{
	struct xs *xs = c->session.xs;
	int ret;

	if (exists(c, &spec->device))
		return why_set(why, -EEXIST,
			"domain %u has %s %u already; domdev ls shows it",
			c->domid, device_class_name(spec->device.class),
			spec->device.id);
	ret = hotplug_disk_check(xs, spec, why);
	if (!ret)
		ret = write_nodes(c, spec, why);
	if (!ret) {
		ret = spec->device.by_qemu ? start_qemu(c, why) : 0;
		if (!ret)
			ret = device_connect(
				xs, spec, 1, c->wish->seconds, why);
		if (ret)
			(void)device_remove(xs, &spec->device, 1, true,
				c->wish->seconds, NULL);
	}
	return ret;
}

static int add_disk(struct call *c, const char *text, struct why *why)
{
	struct device_spec spec;
	struct disk_text disk;
	int ret = disk_parse(text, &disk, why);

	if (ret)
		return ret;
	ret = disk.disk.by_qemu ? disk_check(&disk.disk, why) : 0;
	if (!ret)
		ret = disk_spec(&disk.disk, c->domid, &spec, why);
	if (!ret) {
		ret = plug(c, &spec, why);
		device_spec_free(&spec);
	}
	disk_free(&disk);
	return ret;
}

static int add_nic(struct call *c, const char *text, struct why *why)
{
	struct device next = { .class = DEVICE_VIF, .domid = c->domid };
	struct device_spec spec;
	struct nic_text nic;
	int ret;

	while (exists(c, &next))
		next.id++;
	nic.nic.id = next.id;
	ret = nic_parse(text, &nic, why);
	if (ret)
		return ret;
	ret = nic_spec(&nic.nic, c->domid, &spec, why);
	if (!ret) {
		ret = plug(c, &spec, why);
		device_spec_free(&spec);
	}
	nic_free(&nic);
	return ret;
}

static int remove_named(struct call *c, const char *name, struct why *why)
{
	struct device *list;
	size_t count;
	bool found = false;
	int ret = device_list(c->session.xs, c->domid, &list, &count);

	if (ret)
		return why_set(
			why, ret, "cannot read the store: %s", strerror(-ret));
	for (size_t i = 0; i < count && !found; i++) {
		char *is = name_of(c->session.xs, &list[i]);

		found = is && !strcmp(is, name);
		free(is);
		if (found)
			ret = device_remove(c->session.xs, &list[i], 1,
				c->wish->force, c->wish->seconds, why);
	}
	free(list);
	if (!found)
		ret = why_set(why, -ENOENT,
			"domain %u has no device '%s'; domdev ls shows what it "
			"has",
			c->domid, name);
	else if (ret == -EBUSY)
		err_say("the guest may still let go of it; -f takes it away");
	return ret;
}

static int act(struct call *c, const struct args *args, struct why *why)
{
	const char *verb = args->operands[0];
	const char *const *rest = args->operands + 2;

	int lock = -1, ret;

	if (!strcmp(verb, "ls"))
		return list_devices(c, why);
	/* Guests of other tools have no such lock. */
	(void)kept_lock(c->domid, true, &lock);
	if (!strcmp(verb, "rm"))
		ret = remove_named(c, rest[0], why);
	else if (!strcmp(rest[0], "disk"))
		ret = add_disk(c, rest[1], why);
	else
		ret = add_nic(c, args->operand_count > 3 ? rest[1] : "", why);
	if (lock >= 0)
		close(lock);
	return ret;
}

static int run(const struct args *args, const struct wish *wish)
{
	struct call c = { .wish = wish };
	struct why why;
	int ret;

	if (session_open(&c.session))
		return 1;
	ret = dom_find(c.session.ctrl, c.session.xs, args->operands[1],
		&c.domid, &why);
	if (!ret)
		ret = act(&c, args, &why);
	if (ret)
		err_say("%s", why.text);
	session_close(&c.session);
	return ret ? 1 : 0;
}

/* NULL, or what is wrong with the words. */
static const char *check_words(const struct args *args)
{
	int count = args->operand_count;
	const char *verb = count ? args->operands[0] : "";

	if (!strcmp(verb, "ls"))
		return count == 2 ? NULL : "ls takes a domain";
	if (!strcmp(verb, "rm"))
		return count == 3 ? NULL : "rm takes a domain and a device";
	if (strcmp(verb, "add") != 0)
		return "the first word must be ls, add or rm";
	if (count == 4 && !strcmp(args->operands[2], "disk"))
		return NULL;
	if ((count == 3 || count == 4) && !strcmp(args->operands[2], "net"))
		return NULL;
	return "add takes a domain, 'disk' or 'net', and what it is";
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domdev",
		.synopsis = "ls GUEST | add GUEST disk SPEC | "
			    "add GUEST net [SPEC] | rm GUEST DEVICE",
		.about = "Lists, adds and removes a guest's disks and network "
			 "cards. SPEC is what\ndisk= and vif= of a "
			 "configuration take.",
		.options = options,
	};
	struct wish wish = { .seconds = SECONDS_DEFAULT };
	unsigned long long seconds;
	const char *wrong;
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		wish.force |= id == 'f';
		wish.json |= id == 'j';
		if (id != 't')
			continue;
		if (args_number(args.value, 1, 3600, &seconds))
			wish.seconds = (unsigned int)seconds;
		else
			ret = args_usage_error(&args,
				"'%s' is no number of seconds", args.value);
	}
	wrong = check_words(&args);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && wrong)
		ret = args_usage_error(&args, "%s", wrong);
	else if (!ret)
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
