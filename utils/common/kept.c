/* SPDX-License-Identifier: BSD-2-Clause */
/* Kept configurations; see kept.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "config.h"
#include "guest.h"
#include "kept.h"

/*
 * Strings have no escapes, so one with both kinds of quotes is written in
 * parts. Only a line end cannot be written.
 */
static bool put_string(FILE *file, const char *key, const char *text)
{
	bool first = true;

	if (strchr(text, '\n'))
		return false;
	do {
		char quote = strchr(text, '"') ? '\'' : '"';
		size_t len = strcspn(text, quote == '"' ? "\"" : "'");

		fprintf(file, "%s %s= %c%.*s%c\n", key, first ? "" : "+", quote,
			(int)len, text, quote);
		first = false;
		text += len;
		/* What ended this part begins the next one. */
		if (*text) {
			fprintf(file, "%s += \"'\"\n", key);
			text++;
		}
	} while (*text);
	return true;
}

/* Items were read from quotes of one kind, so one kind fits. */
static bool put_item(
	FILE *file, const struct config_value *item, const char *more)
{
	char quote;

	if (item->type != CONFIG_LIST) {
		quote = strchr(item->string, '"') ? '\'' : '"';
		fprintf(file, "%c%s%s%c", quote, item->string,
			*item->string ? more : more + (*more == ','), quote);
		return !strchr(item->string, '\n') &&
		       !strchr(item->string, quote);
	}
	fputc('[', file);
	for (size_t i = 0; i < item->count; i++) {
		fputs(i ? ", " : "", file);
		if (!put_item(file, &item->items[i], ""))
			return false;
	}
	fputc(']', file);
	return true;
}

/* Network cards with the addresses that they have. */
static bool put_nics(FILE *file, const struct config_setting *s,
	const struct devices *devices)
{
	fputs("vif = [", file);
	for (size_t i = 0; i < s->value.count && i < devices->nic_count; i++) {
		char more[32] = ",mac=";

		nic_mac_format(devices->nics[i].nic.mac, more + strlen(more));
		fputs(i ? ",\n\t" : "", file);
		if (!put_item(file, &s->value.items[i], more))
			return false;
	}
	fputs("]\n", file);
	return true;
}

/* A file is named from where domcreate was called. */
static bool put_file(FILE *file, const char *key, const char *path)
{
	char *here = NULL, *whole = NULL;
	bool ok = true;

	if (*path && *path != '/') {
		here = getcwd(NULL, 0);
		ok = here && asprintf(&whole, "%s/%s", here, path) >= 0;
	}
	ok = ok && put_string(file, key, whole ? whole : path);
	free(whole);
	free(here);
	return ok;
}

static bool put_setting(
	FILE *file, const struct config_setting *s, const struct guest *guest)
{
	bool list = s->value.type == CONFIG_LIST;

	if (!strcmp(s->key, "uuid"))
		return true;
	if (!strcmp(s->key, "vif") && list)
		return put_nics(file, s, &guest->devices);
	if (s->value.type == CONFIG_NUMBER &&
		!s->value.string[strspn(
			s->value.string, "-0123456789abcdefxABCDEFX")]) {
		fprintf(file, "%s = %s\n", s->key, s->value.string);
		return true;
	}
	if (s->value.type == CONFIG_NUMBER) {
		fprintf(file, "%s = %" PRId64 "\n", s->key, s->value.number);
		return true;
	}
	if (!strcmp(s->key, "kernel") || !strcmp(s->key, "ramdisk"))
		return put_file(file, s->key, s->value.string);
	if (!list)
		return put_string(file, s->key, s->value.string);
	fprintf(file, "%s = ", s->key);
	if (!put_item(file, &s->value, ""))
		return false;
	fputc('\n', file);
	return true;
}

int kept_text(const struct config *config, const struct guest *guest,
	char **text, size_t *size, struct why *why)
{
	const char *key = NULL;
	char uuid[DOM_UUID_TEXT], *made;
	FILE *file = open_memstream(&made, size);

	if (!file)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; !key && i < config->count; i++) {
		if (!put_setting(file, &config->settings[i], guest))
			key = config->settings[i].key;
	}
	dom_uuid_format(guest->uuid, uuid);
	fprintf(file, "uuid = \"%s\"\n", uuid);
	if (fclose(file))
		return why_set(why, -ENOMEM, "out of memory");
	if (key) {
		free(made);
		return why_set(why, -EINVAL,
			"the value of %s cannot be kept: it has a line end, "
			"or both kinds of quotes",
			key);
	}
	*text = made;
	return 0;
}

/* A folder of ours; only root looks into it: configurations have secrets. */
static int make_folder(const char *dir)
{
	(void)mkdir("/run/tenon", 0755);
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}

/* What is written short is so for want of room. */
static int write_all(int fd, const char *text, size_t size)
{
	ssize_t put = write(fd, text, size);

	if (put < 0)
		return -errno;
	return (size_t)put < size ? -ENOSPC : 0;
}

int kept_write(uint32_t domid, const struct config *config,
	const struct guest *guest, struct why *why)
{
	char path[KEPT_PATH], *text;
	size_t size;
	int fd, ret = kept_text(config, guest, &text, &size, why);

	if (ret)
		return ret;
	ret = make_folder(DOM_KEPT_DIR);
	snprintf(path, sizeof(path), DOM_KEPT_DIR "/%u.cfg", domid);
	fd = ret ? -1
		 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (!ret && fd < 0)
		ret = -errno;
	if (!ret)
		ret = write_all(fd, text, size);
	if (fd >= 0)
		close(fd);
	free(text);
	return ret ? why_set(why, ret, "%s: %s", path, strerror(-ret)) : 0;
}

int kept_read(uint32_t domid, char **text)
{
	char path[KEPT_PATH], *buf = NULL;
	size_t size = 0;
	ssize_t got;
	FILE *file;

	snprintf(path, sizeof(path), DOM_KEPT_DIR "/%u.cfg", domid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	got = getdelim(&buf, &size, '\0', file);
	fclose(file);
	if (got <= 0) {
		free(buf);
		return -EIO;
	}
	*text = buf;
	return 0;
}

int kept_lock(uint32_t domid, bool wait, int *fd)
{
	char path[KEPT_PATH];
	int lock, ret;

	snprintf(path, sizeof(path), DOM_KEPT_DIR "/%u.cfg", domid);
	lock = open(path, O_RDONLY | O_CLOEXEC);
	if (lock < 0)
		return -errno;
	while (flock(lock, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		if (errno == EINTR)
			continue;
		ret = -errno;
		close(lock);
		return ret;
	}
	*fd = lock;
	return 0;
}

void kept_change(uint32_t domid, const char *key, const char *value)
{
	char path[KEPT_PATH], *line;
	int fd, len = asprintf(&line, "%s = %s\n", key, value);

	if (len < 0)
		return;
	snprintf(path, sizeof(path), DOM_KEPT_DIR "/%u.cfg", domid);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	/* One write, whole or not at all: the file is in memory. */
	if (fd >= 0)
		(void)!write(fd, line, (size_t)len);
	if (fd >= 0)
		close(fd);
	free(line);
}

/* What follows the number in a wish's name; NULL: done without one. */
static const char *const suffixes[DOM_ACTIONS] = {
	[DOM_RESTART] = ".cfg",
	[DOM_RENAME_RESTART] = ".aside.cfg",
	[DOM_COREDUMP_RESTART] = ".core.cfg",
	[DOM_COREDUMP_DESTROY] = ".core-end.cfg",
};

bool kept_is_again(uint32_t domid)
{
	char path[KEPT_PATH];

	for (size_t i = 0; i < DOM_ACTIONS; i++) {
		snprintf(path, sizeof(path), KEPT_AGAIN_DIR "/%u%s", domid,
			suffixes[i] ? suffixes[i] : "");
		if (suffixes[i] && !access(path, F_OK))
			return true;
	}
	return false;
}

int kept_again(uint32_t domid, enum dom_action action)
{
	char from[KEPT_PATH], to[KEPT_PATH];
	int ret = make_folder(KEPT_AGAIN_DIR);

	if (ret)
		return ret;
	snprintf(from, sizeof(from), DOM_KEPT_DIR "/%u.cfg", domid);
	snprintf(to, sizeof(to), KEPT_AGAIN_DIR "/%u%s", domid,
		suffixes[action]);
	if (!rename(from, to))
		return 0;
	ret = -errno;
	return kept_is_again(domid) ? 0 : ret;
}

bool kept_parse(const char *name, uint32_t *domid, enum dom_action *action)
{
	unsigned long number;
	char *end;

	if (*name < '0' || *name > '9')
		return false;
	number = strtoul(name, &end, 10);
	if (number >= DOMID_FIRST_RESERVED)
		return false;
	for (size_t i = 0; i < DOM_ACTIONS; i++) {
		if (!suffixes[i] || strcmp(end, suffixes[i]) != 0)
			continue;
		*domid = (uint32_t)number;
		*action = (enum dom_action)i;
		return true;
	}
	return false;
}

void kept_forget_gone(struct ctrl *c)
{
	struct xen_domctl_getdomaininfo info;
	DIR *folder = opendir(DOM_KEPT_DIR);
	enum dom_action action;
	struct dirent *e;
	uint32_t domid;

	if (!folder)
		return;
	/* A file was made when its domain was there, so one that is not there
	 * now has ended. */
	while ((e = readdir(folder)))
		if (kept_parse(e->d_name, &domid, &action) &&
			action == DOM_RESTART &&
			sysctl_domain(c, domid, &info) == -ESRCH)
			(void)unlinkat(dirfd(folder), e->d_name, 0);
	closedir(folder);
}
