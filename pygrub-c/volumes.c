/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's file systems as the broker sees them; see volumes.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "volumes.h"

#define MIB	    (1ULL << 20)
#define MEMORY	    (1024 * MIB) /* of a driver */
#define CPU_SECONDS 60
#define ANSWER_MS   60000
#define COPY_MS	    600000
#define SMALL_FILE  MIB /* no other files are written */

static bool is_inside(const struct volumes *vs, uint64_t start, uint64_t size)
{
	return size && start <= vs->disk_size && size <= vs->disk_size - start;
}

static struct jail_spec spec_of(const struct volumes *vs, const char *name,
	int (*run)(void *arg), void *arg)
{
	return (struct jail_spec){
		.name = name,
		.user = vs->user,
		.memory = MEMORY,
		.file_size = SMALL_FILE,
		.cpu_seconds = CPU_SECONDS,
		.fds = { vs->disk },
		.fd_count = 1,
		.run = run,
		.arg = arg,
	};
}

static int start_probe(struct volumes *vs, struct why *why)
{
	struct jail_spec spec =
		spec_of(vs, "libblkid's jail", fs_probe_run, NULL);

	return vs->probe.pid ? 0 : jail_start(&spec, &vs->probe, why);
}

static int start_ext(struct volumes *vs, struct jail *jail, struct why *why)
{
	struct jail_spec spec =
		spec_of(vs, "libext2fs's jail", fs_ext_run, NULL);

	spec.file_size = vs->copy_max;
	return jail_start(&spec, jail, why);
}

void volumes_start(struct volumes *vs)
{
	start_probe(vs, NULL);
	start_ext(vs, &vs->spare, NULL);
}

int volumes_add(struct volumes *vs, uint64_t start, uint64_t size,
	const char *device, unsigned int *number)
{
	struct volume *v = &vs->list[vs->count];

	if (vs->count == VOLUMES_MAX)
		return -E2BIG;
	if (!is_inside(vs, start, size) || strlen(device) >= sizeof(v->device))
		return -ERANGE;
	*v = (struct volume){ .where.window_count = 1 };
	v->where.windows[0] = (struct window){ .start = start, .size = size };
	strcpy(v->where.root, "loop0");
	strcpy(v->device, device);
	*number = vs->count++;
	return 0;
}

int volumes_add_member(struct volumes *vs, uint64_t start, uint64_t size)
{
	if (vs->member_count == WINDOW_MAX)
		return -E2BIG;
	if (!is_inside(vs, start, size))
		return -ERANGE;
	vs->members[vs->member_count++] =
		(struct window){ .start = start, .size = size };
	return 0;
}

int volumes_group(
	struct volumes *vs, char **names, size_t *size, struct why *why)
{
	struct fs_volume all = { .window_count = vs->member_count };
	struct jail_spec spec =
		spec_of(vs, "GRUB's search for LVM", fs_groups_run, &all);
	struct wire_message m = { .op = WIRE_GROUPS };
	struct jail jail = { 0 };
	struct why inner;
	char *found;
	int ret;

	memcpy(all.windows, vs->members, sizeof(all.windows));
	spec.has_programs = true;
	ret = jail_start(&spec, &jail, why);
	if (ret)
		return ret;
	ret = wire_receive(jail.sock, &m, &found, NULL, ANSWER_MS);
	jail_end(&jail);
	if (!ret && (m.op != WIRE_ANSWER || m.status)) {
		ret = m.status ? m.status : -EPROTO;
		why_set(&inner, 0, "%s", found);
		free(found);
	} else if (ret) {
		why_set(&inner, 0, "%s", strerror(-ret));
	}
	if (ret)
		return why_set(why, ret, "LVM and mdraid: %s", inner.text);
	for (size_t at = 0; at < m.length; at += strlen(found + at) + 1) {
		struct volume *v = &vs->list[vs->count];

		if (vs->count == VOLUMES_MAX ||
			strlen(found + at) >= sizeof(v->device)) {
			m.length = (uint32_t)at;
			break;
		}
		*v = (struct volume){ .where = all };
		strcpy(v->where.root, found + at);
		strcpy(v->device, found + at);
		/* There is no window that libblkid could look into. */
		v->is_probed = true;
		vs->count++;
	}
	*names = found;
	*size = m.length;
	return 0;
}

/* Three texts of an answer, each with a NUL. */
static void take_probe(struct volume *v, char *answer, size_t length)
{
	char **fields[] = { &v->type, &v->uuid, &v->label };
	size_t at = 0;

	for (int i = 0; i < 3 && at < length; i++) {
		*fields[i] = strdup(answer + at);
		at += strlen(answer + at) + 1;
	}
}

static int probe(struct volumes *vs, struct volume *v, struct why *why)
{
	struct wire_message m = {
		.op = WIRE_PROBE,
		.a = v->where.windows[0].start,
		.b = v->where.windows[0].size,
	};
	char *answer;
	int ret;

	if (v->is_probed)
		return 0;
	ret = start_probe(vs, why);
	if (ret)
		return ret;
	v->is_probed = true;
	ret = wire_ask(vs->probe.sock, &m, NULL, -1, &answer, ANSWER_MS, why);
	if (!ret) {
		take_probe(v, answer, m.length);
		free(answer);
	} else {
		/* The next one gets a new jail; this one is not known. */
		jail_end(&vs->probe);
	}
	return 0;
}

int volumes_search(struct volumes *vs, enum source_key key, const char *value,
	unsigned int *number, struct why *why)
{
	if (!*value)
		return -ENOENT;
	for (unsigned int i = 0; i < vs->count; i++) {
		struct volume *v = &vs->list[i];
		int ret = probe(vs, v, why);

		if (ret)
			return ret;
		if ((key == SOURCE_UUID && v->uuid &&
			    !strcasecmp(v->uuid, value)) ||
			(key == SOURCE_LABEL && v->label &&
				!strcmp(v->label, value))) {
			*number = i;
			return 0;
		}
	}
	return why_set(why, -ENOENT, "no such volume");
}

static bool is_ext(const struct volume *v)
{
	return v->type && !strncmp(v->type, "ext", 3) &&
	       strspn(v->type + 3, "234") == 1 && !v->type[4];
}

/* The jail is the spare one, or comes up now. */
static int take_ext(struct volumes *vs, struct volume *v, struct why *why)
{
	struct wire_message m = {
		.op = WIRE_VOLUME,
		.a = v->where.windows[0].start,
		.b = v->where.windows[0].size,
	};
	int ret = vs->spare.pid ? 0 : start_ext(vs, &vs->spare, why);

	if (ret)
		return ret;
	v->jail = vs->spare;
	vs->spare = (struct jail){ 0 };
	ret = wire_send(v->jail.sock, &m, NULL, -1);
	/* A jail that could not start has told why before it went. */
	return ret && ret != -EPIPE ? why_set(why, ret, "%s", strerror(-ret))
				    : 0;
}

static int start_quicker(struct volumes *vs, struct volume *v)
{
	struct fs_extract x = { .volume = &v->where, .type = v->type };
	struct jail_spec spec = spec_of(vs, v->device, fs_extract_run, &x);

	spec.file_size = vs->copy_max;
	spec.has_programs = true;
	return jail_start(&spec, &v->quicker, NULL);
}

static int start_driver(struct volumes *vs, struct volume *v, struct why *why)
{
	struct jail_spec spec;
	int ret = probe(vs, v, why);

	if (ret)
		return ret;
	if (is_ext(v))
		return take_ext(vs, v, why);
	spec = spec_of(vs, v->device, fs_grub_run, &v->where);
	spec.file_size = vs->copy_max;
	spec.has_programs = true;
	ret = jail_start(&spec, &v->jail, why);
	/* It comes up meanwhile; who needs it looks again. */
	if (!ret && fs_extract_can(v->type, "/"))
		start_quicker(vs, v);
	return ret;
}

/*
 * A file of `length` bytes by a quicker tool, in a jail of its own. What goes
 * wrong is left to GRUB's driver to tell.
 */
static int extract(struct volumes *vs, struct volume *v, const char *path,
	uint64_t length, int out)
{
	off_t before = lseek(out, 0, SEEK_CUR);
	struct wire_message m = { .op = WIRE_COPY };
	struct why why;
	int ret = before < 0 ? -errno : 0;

	m.length = (uint32_t)strlen(path);
	if (!ret && !v->quicker.pid)
		ret = start_quicker(vs, v);
	if (!ret)
		ret = wire_ask(
			v->quicker.sock, &m, path, out, NULL, COPY_MS, &why);
	if (!ret && (m.b != length ||
			    lseek(out, 0, SEEK_CUR) != before + (off_t)length))
		ret = -EIO;
	if (!ret)
		return 0;
	jail_end(&v->quicker);
	if (before >= 0 &&
		(ftruncate(out, before) || lseek(out, before, SEEK_SET) < 0))
		return -errno;
	return ret;
}

int volumes_ask(struct volumes *vs, unsigned int number, struct wire_message *m,
	const char *path, int descriptor, char **answer, struct why *why)
{
	struct volume *v = &vs->list[number];
	bool is_file_error;
	struct why inner;
	int ret = 0;

	if (number >= vs->count)
		return why_set(why, -ENOENT, "there is no such volume");
	if (v->failed)
		return why_set(
			why, v->failed, "%s", v->said ? v->said : v->device);
	if (!v->jail.pid)
		ret = start_driver(vs, v, &inner);
	m->length = (uint32_t)strlen(path);
	if (!ret && m->op == WIRE_COPY && !m->b &&
		fs_extract_can(v->type, path)) {
		ret = extract(vs, v, path, m->c, descriptor);
		if (!ret)
			return 0;
		if (ret == -EINTR)
			return why_set(why, ret, "%s", strerror(-ret));
		ret = 0;
	}
	if (!ret)
		ret = wire_ask(v->jail.sock, m, path, descriptor, answer,
			m->op == WIRE_COPY ? COPY_MS : ANSWER_MS, &inner);
	if (!ret)
		return 0;
	/* Of a file a driver says a bare errno, of the volume why. */
	is_file_error = m->op == WIRE_ANSWER && !m->length;
	if (!is_file_error) {
		v->failed = ret;
		jail_end(&v->jail);
		why_set(why, ret, "(%s)%s%s cannot be read: %s", v->device,
			v->type && *v->type ? ", " : "", v->type ? v->type : "",
			inner.text);
		v->said = strdup(why->text);
		return ret;
	}
	return why_set(why, ret, "(%s)%s: %s", v->device, path, inner.text);
}

void volumes_end(struct volumes *vs)
{
	jail_kill(&vs->probe);
	jail_kill(&vs->spare);
	for (unsigned int i = 0; i < vs->count; i++) {
		jail_kill(&vs->list[i].jail);
		jail_kill(&vs->list[i].quicker);
	}
	jail_end(&vs->probe);
	jail_end(&vs->spare);
	for (unsigned int i = 0; i < vs->count; i++) {
		struct volume *v = &vs->list[i];

		jail_end(&v->jail);
		jail_end(&v->quicker);
		free(v->type);
		free(v->uuid);
		free(v->label);
		free(v->said);
	}
	vs->count = 0;
}
