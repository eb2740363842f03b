/* SPDX-License-Identifier: BSD-2-Clause */
/* A menu without a terminal; see menu_model.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "jail.h"
#include "menu_model.h"
#include "text.h"
#include "wire.h"

void menu_show(struct menu_view *view, int parent, int entry)
{
	const struct boot_menu *menu = view->task->menu;

	view->parent = parent;
	view->shown_count = 0;
	view->selected = 0;
	view->top = 0;
	for (unsigned int i = 0; i < menu->entry_count; i++) {
		if (menu->entries[i].parent != parent ||
			view->shown_count == BOOT_ENTRIES_MAX)
			continue;
		if ((int)i == entry)
			view->selected = view->shown_count;
		view->shown[view->shown_count++] = (int)i;
	}
}

void menu_open(struct menu_view *view, const struct menu_task *task)
{
	int entry = task->menu->default_entry;

	*view = (struct menu_view){ .task = task };
	menu_show(view, entry < 0 ? -1 : task->menu->entries[entry].parent,
		entry);
	view->is_counting =
		!task->waits && task->menu->timeout_ms > 0 && entry >= 0;
	snprintf(view->message, sizeof(view->message), "%s", task->complaint);
}

bool menu_leave(struct menu_view *view)
{
	int from = view->parent;

	if (from < 0)
		return false;
	menu_show(view, view->task->menu->entries[from].parent, from);
	return true;
}

void menu_move(struct menu_view *view, int by)
{
	int to = view->selected + by;

	if (to >= view->shown_count)
		to = view->shown_count - 1;
	view->selected = to < 0 ? 0 : to;
}

bool menu_search(struct menu_view *view, const char *text)
{
	for (int i = 1; i <= view->shown_count; i++) {
		int at = (view->selected + i) % view->shown_count;
		const char *title =
			view->task->menu->entries[view->shown[at]].title;

		if (strcasestr(title, text)) {
			view->selected = at;
			return true;
		}
	}
	return false;
}

int menu_selected(const struct menu_view *view)
{
	return view->shown_count ? view->shown[view->selected] : -1;
}

char *menu_text(
	const struct menu_view *view, const char *text, char *out, size_t size)
{
	char *to = out;

	text_clean(text, out, size);
	if (view->task->is_utf8)
		return out;
	for (char *p = out; *p; p++) {
		if ((*p & 0xc0) != 0x80)
			*to++ = *p & 0x80 ? '?' : *p;
	}
	*to = '\0';
	return out;
}

static const char *device_of(const struct menu_view *view, unsigned int volume)
{
	const struct volumes *vs = view->task->volumes;

	return volume < vs->count ? vs->list[volume].device : "?";
}

unsigned int menu_lines(const struct menu_view *view,
	const struct boot_entry *e, char lines[][EDIT_MAX + 1])
{
	unsigned int n = 0;

	snprintf(lines[n++], EDIT_MAX + 1, "linux (%s)%s%s%s",
		device_of(view, e->kernel.volume),
		e->kernel.path ? e->kernel.path : "", *e->args ? " " : "",
		e->args);
	for (unsigned int i = 0; i < e->initrd_count; i++)
		snprintf(lines[n++], EDIT_MAX + 1, "initrd (%s)%s",
			device_of(view, e->initrds[i].volume),
			e->initrds[i].path);
	return n;
}

/* "(device)/path" or "/path"; *text goes behind it. */
static int read_path(struct menu_view *view, char **text, unsigned int *volume,
	char path[SOURCE_PATH_MAX + 1])
{
	const struct volumes *vs = view->task->volumes;
	char *p = *text, *end;
	size_t len;

	if (*p == '(') {
		end = strchr(p, ')');
		if (!end)
			return -EINVAL;
		len = (size_t)(end - p - 1);
		for (*volume = 0; *volume < vs->count; ++*volume) {
			const char *name = vs->list[*volume].device;

			if (strlen(name) == len && !memcmp(name, p + 1, len))
				break;
		}
		if (*volume == vs->count)
			return -ENODEV;
		p = end + 1;
	}
	len = strcspn(p, " ");
	end = p + len;
	if (!len)
		return -EINVAL;
	if (*end)
		*end++ = '\0';
	*text = end;
	return source_path(p, path);
}

/* A file of which a part only was to be taken keeps that part. */
static void keep_part(struct boot_file *file, const struct boot_file *base)
{
	if (base->path && file->path && file->volume == base->volume &&
		!strcmp(file->path, base->path)) {
		file->offset = base->offset;
		file->length = base->length;
	}
}

static int read_line(struct menu_view *view, const struct boot_entry *base,
	char *line, struct boot_entry *e)
{
	unsigned int volume = base ? base->kernel.volume : 0;
	char path[SOURCE_PATH_MAX + 1];
	unsigned int n;
	char *word;
	int ret;

	line += strspn(line, " ");
	if (!*line)
		return 0;
	n = (unsigned int)strcspn(line, " ");
	word = line + n + strspn(line + n, " ");
	if (n == 5 && !strncmp(line, "linux", n)) {
		ret = read_path(view, &word, &volume, path);
		if (!ret)
			ret = boot_set_kernel(e, volume, path);
		if (!ret)
			ret = boot_set_args(e, word);
		if (!ret && base)
			keep_part(&e->kernel, &base->kernel);
		return ret;
	}
	if (n != 6 || strncmp(line, "initrd", n))
		return -EINVAL;
	while (*word) {
		ret = read_path(view, &word, &volume, path);
		if (!ret)
			ret = boot_add_initrd(e, volume, path);
		if (ret)
			return ret;
		n = e->initrd_count - 1;
		for (unsigned int i = 0; base && i < base->initrd_count; i++)
			keep_part(&e->initrds[n], &base->initrds[i]);
		word += strspn(word, " ");
	}
	return 0;
}

int menu_read_lines(struct menu_view *view, const struct boot_entry *base,
	char lines[][EDIT_MAX + 1], unsigned int count, struct boot_menu *out)
{
	char shown[160], work[EDIT_MAX + 1];
	unsigned int n;
	int ret = boot_add(out, base ? base->title : "command line", -1, &n);

	for (unsigned int i = 0; i < count && !ret; i++) {
		strcpy(work, lines[i]);
		ret = read_line(view, base, work, &out->entries[0]);
		if (ret)
			snprintf(view->message, sizeof(view->message), "%s: %s",
				ret == -ENODEV ? "the disk has no such device"
				: ret == -EINVAL
					? "linux PATH ARGS, initrd PATH"
					: strerror(-ret),
				menu_text(
					view, lines[i], shown, sizeof(shown)));
	}
	if (!ret && (boot_finish(out) || !boot_is_bootable(&out->entries[0]))) {
		ret = -EINVAL;
		snprintf(view->message, sizeof(view->message),
			"there is no kernel that can be booted");
	}
	return ret;
}

int menu_send_entry(int entry)
{
	struct wire_message m = { .op = WIRE_CHOICE, .a = (uint64_t)entry };

	return wire_send(JAIL_SOCK, &m, NULL, -1);
}

int menu_send_edited(const struct boot_menu *edited)
{
	struct wire_message m = { .op = WIRE_CHOICE };
	uint8_t *bytes;
	size_t size;
	int ret = boot_write(edited, &bytes, &size);

	if (ret)
		return ret;
	m.length = (uint32_t)size;
	ret = wire_send(JAIL_SOCK, &m, bytes, -1);
	free(bytes);
	return ret;
}
