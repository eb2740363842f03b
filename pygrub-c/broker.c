/* SPDX-License-Identifier: BSD-2-Clause */
/* From a disk to kernel, ramdisk and arguments; see broker.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "common/err.h"
#include "boot.h"
#include "broker.h"
#include "format.h"
#include "handoff.h"
#include "menu.h"
#include "options.h"
#include "output.h"
#include "parser.h"
#include "text.h"
#include "volumes.h"
#include "wire.h"

#define PARSER_MEMORY	   (256ULL << 20)
#define PARSER_CPU_SECONDS 20
#define PARSER_MS	   120000 /* between two questions */
#define CONFIG_PATH_SIZE   (SOURCE_PATH_MAX + 1)

struct broker {
	const struct options *options;
	struct volumes volumes;
	struct jail parser, format;
	struct boot_menu menu;
	/* With --isconfig the disk is a file, volume 0's only one. */
	char config[CONFIG_PATH_SIZE];
};

volatile sig_atomic_t broker_is_stopped;

static int open_image(struct broker *b, struct why *why)
{
	const struct options *o = b->options;
	const char *path = o->image;
	struct stat st;
	off_t size;
	int fd, disk;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return why_set(why, -errno, "it cannot be opened: %s",
			strerror(errno));
	b->volumes.disk = fd;
	if (fstat(fd, &st))
		return why_set(why, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return why_set(why, -EINVAL,
			"it is neither a file nor a block device");
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0)
		return why_set(why, size ? -errno : -EINVAL, "%s",
			size ? strerror(errno) : "it is empty");
	b->volumes.disk_size = (uint64_t)size;
	if (!o->format)
		return 0;
	disk = format_open(&b->format, fd, (uint64_t)size, o->format, &o->user,
		&b->volumes.disk_size, why);
	if (disk < 0)
		return disk;
	close(fd);
	b->volumes.disk = disk;
	return 0;
}

/*
 * What qemu-storage-daemon shows in its jail can be read by the jail's user
 * alone: the kernel knows nobody else there.
 */
static void read_as(const struct jail_user *user)
{
	setfsgid(user->gid);
	setfsuid(user->uid);
}

static int answer_disk(struct broker *b, struct wire_message *m)
{
	const struct jail_user self = { .uid = geteuid(), .gid = getegid() };
	uint64_t offset = m->a, len = m->b, size = b->volumes.disk_size;
	char *buf;
	ssize_t got = 0;
	int ret = 0;

	if (len > WIRE_CHUNK_MAX || offset > size || len > size - offset)
		return wire_answer(b->parser.sock, m, -ERANGE, NULL, 0);
	buf = malloc(len + 1);
	if (b->options->format)
		read_as(&b->options->user);
	for (uint64_t have = 0; buf && have < len; have += (uint64_t)got) {
		got = pread(b->volumes.disk, buf + have, len - have,
			(off_t)(offset + have));
		if (got <= 0) {
			ret = got ? -errno : -EIO;
			break;
		}
	}
	if (b->options->format)
		read_as(&self);
	if (!buf)
		ret = -ENOMEM;
	ret = wire_answer(b->parser.sock, m, ret, buf, ret ? 0 : len);
	free(buf);
	return ret;
}

/* The one file of --isconfig. */
static int answer_config(
	struct broker *b, struct wire_message *m, const char *path)
{
	uint64_t offset = m->b, len = m->c;

	if (m->op == WIRE_LIST || m->a || strcmp(path, b->config))
		return wire_answer(b->parser.sock, m, -ENOENT, NULL, 0);
	if (m->op == WIRE_STAT) {
		m->a = SOURCE_FILE;
		m->b = b->volumes.disk_size;
		return wire_answer(b->parser.sock, m, 0, NULL, 0);
	}
	m->a = offset;
	m->b = len;
	return answer_disk(b, m);
}

static int relay(struct broker *b, struct wire_message *m, const char *path)
{
	struct why why;
	char *answer = NULL;
	int ret;

	if (*path != '/' || strlen(path) != m->length ||
		m->length > SOURCE_PATH_MAX)
		return -EPROTO;
	if (b->options->is_config)
		return answer_config(b, m, path);
	ret = m->a >= VOLUMES_MAX
		      ? why_set(&why, -ENOENT, "there is no such volume")
		      : volumes_ask(&b->volumes, (unsigned int)m->a, m, path,
				-1, &answer, &why);
	if (ret == -EINTR)
		return ret;
	if (ret)
		return wire_fail(b->parser.sock, ret, &why);
	ret = wire_answer(b->parser.sock, m, 0, answer, m->length);
	free(answer);
	return ret;
}

static int answer_volume(
	struct broker *b, struct wire_message *m, const char *device)
{
	unsigned int number = 0;
	int ret;

	if (m->c)
		ret = volumes_add_member(&b->volumes, m->a, m->b);
	else
		ret = volumes_add(&b->volumes, m->a, m->b, device, &number);
	m->a = number;
	return wire_answer(b->parser.sock, m, ret, NULL, 0);
}

static int answer_groups(struct broker *b, struct wire_message *m)
{
	struct why why;
	char *names = NULL;
	size_t size = 0;
	int ret = volumes_group(&b->volumes, &names, &size, &why);

	if (ret) {
		err_say("%s", why.text);
		return wire_fail(b->parser.sock, ret, &why);
	}
	ret = wire_answer(b->parser.sock, m, 0, names, size);
	free(names);
	return ret;
}

static int answer_search(
	struct broker *b, struct wire_message *m, const char *value)
{
	unsigned int number = 0;
	struct why why;
	int ret = m->a == SOURCE_UUID || m->a == SOURCE_LABEL
			  ? volumes_search(&b->volumes, (enum source_key)m->a,
				    value, &number, &why)
			  : -EINVAL;

	m->a = number;
	return wire_answer(b->parser.sock, m, ret, NULL, 0);
}

/* One question of the parser; 1: it has sent the menu. */
static int serve(struct broker *b, struct wire_message *m, char *payload,
	struct why *why)
{
	char said[WHY_MAX];

	switch (m->op) {
	case WIRE_DISK:
		return answer_disk(b, m);
	case WIRE_VOLUME:
		return answer_volume(b, m, payload);
	case WIRE_GROUPS:
		return answer_groups(b, m);
	case WIRE_SEARCH:
		return answer_search(b, m, payload);
	case WIRE_STAT:
	case WIRE_READ:
	case WIRE_LIST:
		return relay(b, m, payload);
	case WIRE_MENU:
		return boot_read(&b->menu, (uint8_t *)payload, m->length,
			       b->options->is_config ? 1 : b->volumes.count,
			       why)
			       ? -EINVAL
			       : 1;
	case WIRE_ANSWER:
		return why_set(why, m->status ? m->status : -EPROTO, "%s",
			text_clean(payload, said, sizeof(said)));
	default:
		return why_set(why, -EPROTO, "the parser sent nonsense");
	}
}

static void fill_task(struct broker *b, struct parser_task *task)
{
	const struct options *o = b->options;

	*task = (struct parser_task){
		.disk_size = b->volumes.disk_size,
		.has_offset = o->has_offset,
		.offset = o->offset,
		.config = o->is_config ? b->config : NULL,
		.kernel = o->kernel,
		.ramdisk = o->ramdisk,
	};
}

/* Lets the parser make the menu. */
static int parse(struct broker *b, struct why *why)
{
	struct parser_task task;
	struct jail_spec spec = {
		.name = "the parser's jail",
		.user = b->options->user,
		.memory = PARSER_MEMORY,
		.cpu_seconds = PARSER_CPU_SECONDS,
		.run = parser_run,
		.arg = &task,
	};
	struct wire_message m;
	char *payload;
	int ret;

	fill_task(b, &task);
	ret = jail_start(&spec, &b->parser, why);
	if (!ret && !b->options->is_config)
		volumes_start(&b->volumes);
	while (!ret) {
		ret = wire_receive(
			b->parser.sock, &m, &payload, NULL, PARSER_MS);
		if (ret) {
			why_set(why, ret, "the parser %s",
				ret == -EPIPE ? "died: the disk may be hostile"
				: ret == -ETIME ? "does not come to an end"
						: strerror(-ret));
			break;
		}
		why_set(why, 0, "the parser is gone");
		ret = serve(b, &m, payload, why);
		free(payload);
	}
	/* Its end takes time, and is waited for when all is done. */
	jail_kill(&b->parser);
	return ret < 0 ? ret : 0;
}

static void say_notes(const struct broker *b)
{
	const struct boot_menu *menu = &b->menu;
	char text[512], file[512];

	for (unsigned int i = 0; i < b->volumes.count; i++) {
		if (b->volumes.list[i].said)
			err_say("%s", text_clean(b->volumes.list[i].said, text,
					      sizeof(text)));
	}
	if (menu->source)
		err_say("%s: %s", menu->kind ? menu->kind : "configuration",
			text_clean(menu->source, text, sizeof(text)));
	for (unsigned int i = 0; i < menu->note_count; i++) {
		const struct boot_note *n = &menu->notes[i];

		text_clean(n->text ? n->text : "", text, sizeof(text));
		text_clean(n->file ? n->file : "", file, sizeof(file));
		if (n->line)
			err_say("%s:%u: %s", file, n->line, text);
		else
			err_say("%s: %s", file, text);
	}
}

/* What was chosen without asking anybody. */
static int take_default(struct broker *b, struct why *why)
{
	const char *name = b->options->entry;
	int entry = name ? boot_find(&b->menu, name) : -1;

	if (entry >= 0 && boot_is_bootable(&b->menu.entries[entry]))
		return entry;
	if (name)
		err_say("there is no entry '%s' that can be booted: taking the "
			"default",
			name);
	if (b->menu.default_entry >= 0)
		return b->menu.default_entry;
	return why_set(why, -ENOENT,
		"no entry of the configuration can be "
		"booted (--debug and -l say why)");
}

static bool wants_menu(const struct broker *b)
{
	const struct options *o = b->options;

	if (o->quiet || o->kernel || o->entry)
		return false;
	if (o->interactive)
		return true;
	return isatty(0) && isatty(1) && b->menu.timeout_ms;
}

/* An entry's files, its fallback's where they are not there. */
static int take_entry(
	struct broker *b, int chosen, struct handoff *h, struct why *why)
{
	int fallback = b->menu.fallback_entry;
	struct why inner;
	int ret = handoff_take(
		h, &b->volumes, b->options, &b->menu.entries[chosen], why);

	if (ret && ret != -EINTR && fallback >= 0 && fallback != chosen) {
		err_say("%s: trying the fallback entry", why->text);
		if (!handoff_take(h, &b->volumes, b->options,
			    &b->menu.entries[fallback], &inner))
			return 0;
	}
	return ret;
}

/* A person chooses until the files are there. */
static int ask_person(struct broker *b, struct handoff *h, struct why *why)
{
	struct menu_choice choice = { .entry = -1 };
	char complaint[WHY_MAX] = "";
	int ret;

	for (;;) {
		ret = menu_ask(&b->menu, &b->volumes, b->options, complaint,
			&choice, why);
		if (ret)
			return ret;
		if (choice.is_edited)
			ret = handoff_take(h, &b->volumes, b->options,
				&choice.edited.entries[0], why);
		else
			ret = take_entry(b, choice.entry, h, why);
		boot_free(&choice.edited);
		if (!ret || ret == -EINTR)
			return ret;
		text_clean(why->text, complaint, sizeof(complaint));
	}
}

static int choose(struct broker *b, struct handoff *h, struct why *why)
{
	int entry;

	if (wants_menu(b))
		return ask_person(b, h, why);
	entry = take_default(b, why);
	return entry < 0 ? entry : take_entry(b, entry, h, why);
}

static int run(struct broker *b, struct handoff *h, struct why *why)
{
	const char *name = strrchr(b->options->image, '/');
	int ret = open_image(b, why);

	if (ret)
		return ret;
	if (b->options->is_config &&
		source_path(name ? name + 1 : b->options->image, b->config))
		return why_set(why, -EINVAL, "the image's name is no path");
	ret = parse(b, why);
	if (b->options->debug || ret || b->menu.default_entry < 0)
		say_notes(b);
	if (ret)
		return ret;
	if (b->options->list) {
		output_list(&b->menu);
		return fflush(stdout) ? -errno : 0;
	}
	ret = choose(b, h, why);
	/* Nobody may write any more to what is looked at now. */
	volumes_end(&b->volumes);
	jail_end(&b->format);
	/* One that came while nothing waited. */
	if (!ret && broker_is_stopped)
		ret = why_set(why, -EINTR, "%s", strerror(EINTR));
	return ret ? ret : handoff_finish(h, b->options, why);
}

int broker_run(const struct options *options, struct why *why)
{
	static struct broker b;
	struct handoff handoff;
	int ret;

	b = (struct broker){ .options = options, .volumes.disk = -1 };
	b.volumes.user = options->user;
	b.volumes.copy_max = HANDOFF_RAMDISK_MAX;
	boot_init(&b.menu);
	handoff_init(&handoff);
	ret = run(&b, &handoff, why);
	jail_end(&b.parser);
	volumes_end(&b.volumes);
	jail_end(&b.format);
	handoff_free(&handoff, !ret);
	boot_free(&b.menu);
	if (b.volumes.disk >= 0)
		close(b.volumes.disk);
	return ret;
}
