/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests on their way; see saved.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "kept.h"
#include "make.h"
#include "progress.h"
#include "saved.h"
#include "session.h"
#include "xl_json.h"

static int read_number(
	struct session *s, uint32_t domid, const char *name, uint64_t *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, name);
	return xs_read_u64(s->xs, 0, path, value);
}

int saved_head(struct session *s, uint32_t domid, struct save_head *head,
	struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	uint64_t memory, max;
	char *json = NULL, *name = NULL;
	int ret = sysctl_domain(s->ctrl, domid, &info);

	if (!ret)
		ret = dom_name(s->xs, domid, &name);
	if (!ret)
		ret = read_number(s, domid, "target", &memory);
	if (!ret)
		ret = read_number(s, domid, "static-max", &max);
	if (ret)
		return why_set(why, ret,
			"the record of domain %u cannot be read: %s", domid,
			strerror(-ret));
	ret = dom_userdata_read(domid, info.handle, &json);
	if (ret)
		ret = why_set(why, ret,
			"the configuration of domain %u is not in "
			"/var/lib/xen: %s",
			domid, strerror(-ret));
	else
		ret = xl_json_update(json, name, memory, max, &head->json, why);
	free(json);
	free(name);
	if (ret)
		return ret;
	head->json_size = strlen(head->json);
	/* Guests of stock tools have none. */
	if (!kept_read(domid, &head->kept))
		head->kept_size = strlen(head->kept);
	return 0;
}

/* A text as a setting, in the syntax of files. */
static int set_text(struct config *config, const char *key, const char *text,
	struct why *why)
{
	char *word;
	int ret;

	if (asprintf(&word, "%s=\"%s\"", key, text) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	ret = config_word(config, word, why);
	free(word);
	return ret;
}

int saved_other(struct session *s, uint32_t domid, const char *file,
	char *const *settings, int count, struct config *config,
	struct guest *guest, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	char uuid[DOM_UUID_TEXT], *name;
	int ret = sysctl_domain(s->ctrl, domid, &info);

	if (!ret)
		ret = dom_name(s->xs, domid, &name);
	if (ret)
		return why_set(why, ret, "domain %u has ended", domid);
	dom_uuid_format(info.handle, uuid);
	ret = config_read(config, file, why);
	for (int i = 0; !ret && i < count; i++)
		ret = config_word(config, settings[i], why);
	if (!ret)
		ret = set_text(config, "name", name, why);
	if (!ret)
		ret = set_text(config, "uuid", uuid, why);
	if (!ret)
		ret = guest_from_config(guest, config, make_warn, why);
	free(name);
	return ret;
}

int saved_head_other(struct session *s, uint32_t domid, const char *file,
	struct save_head *head, struct why *why)
{
	struct config config = { 0 };
	struct guest guest = { 0 };
	size_t size;
	char *text;
	int ret;

	ret = saved_other(s, domid, file, NULL, 0, &config, &guest, why);
	if (!ret)
		ret = kept_text(&config, &guest, &text, &size, why);
	if (!ret) {
		free(head->kept);
		head->kept = text;
		head->kept_size = size;
	}
	guest_free(&guest);
	config_free(&config);
	return ret;
}

static int read_head_config(struct config *config, const struct save_head *head,
	const char *name, struct why *why)
{
	if (head->kept)
		return config_parse(
			config, name, head->kept, head->kept_size, why);
	return xl_json_read(config, head->json, why);
}

/* It is the same guest, unless the file says otherwise. */
static int read_other(struct config *config, const struct save_head *head,
	const struct saved *saved, struct why *why)
{
	const struct config_setting *uuid;
	struct config own = { 0 };
	int ret = config_read(config, saved->other, why);

	if (!ret)
		ret = read_head_config(&own, head, saved->name, why);
	uuid = config_find(&own, "uuid");
	if (!ret && uuid && uuid->value.type == CONFIG_STRING &&
		!config_find(config, "uuid"))
		ret = set_text(config, "uuid", uuid->value.string, why);
	config_free(&own);
	return ret;
}

int saved_config(struct maker *m, const char *const *settings, int count,
	struct why *why)
{
	struct saved *saved = m->arg;
	struct save_head head;
	int ret = save_head_read(&saved->file, &head, why);

	if (ret)
		return ret;
	ret = saved->other
		      ? read_other(&m->config, &head, saved, why)
		      : read_head_config(&m->config, &head, saved->name, why);
	for (int i = 0; !ret && i < count; i++)
		ret = config_word(&m->config, settings[i], why);
	free(head.json);
	free(head.kept);
	if (!ret)
		ret = guest_from_config(&m->guest, &m->config, make_warn, why);
	if (!ret)
		ret = devices_check(&m->guest.devices, why);
	return ret;
}

int saved_build(struct maker *m, struct why *why)
{
	struct saved *saved = m->arg;
	struct progress progress;
	struct restore_pv r = {
		.domid = m->domid,
		.max_pages = m->guest.maxmem_mib << 8,
		.max_vcpus = m->guest.maxvcpus,
		.store_port = m->record.store_port,
		.console_port = m->record.console_port,
		.progress = { progress_tell, &progress },
	};
	int ret;

	progress_begin(&progress, saved->name);
	ret = restore_pv(m->session.ctrl, &r, &saved->file, why);
	progress_end(&progress);
	m->record.store_mfn = r.store_mfn;
	m->record.console_mfn = r.console_mfn;
	return ret;
}
