/* SPDX-License-Identifier: BSD-2-Clause */
/* Frame buffers and shared folders as configurations write them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenonctrl/why.h>
#include "args.h"
#include "devices.h"
#include "words.h"

#define LISTEN_DEFAULT "127.0.0.1"
#define DISPLAY_MAX    59635 /* port 65535 */
/* How far a free display is looked for. */
#define UNUSED_MORE 99

/*
 * Calls `set` for each "key=value" of `text`, which is taken apart. It gives 1
 * for a key that it does not know.
 */
static int read_words(char *text, const char *original, void *arg,
	int (*set)(void *arg, const char *key, char *value), struct why *why)
{
	char *save = NULL;

	for (char *word = strtok_r(text, ",", &save); word;
		word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');
		int ret;

		if (!value)
			return why_set(why, -EINVAL,
				"'%s': '%s' is not key=value", original,
				words_trim(word));
		*value++ = '\0';
		ret = set(arg, words_trim(word), words_trim(value));
		if (ret > 0)
			return why_set(why, -EINVAL,
				"'%s': '%s' is no key of such a device",
				original, words_trim(word));
		if (ret)
			return why_set(why, ret, "'%s': %s cannot be '%s'",
				original, words_trim(word), words_trim(value));
	}
	return 0;
}

static int set_flag(const char *value, bool *flag)
{
	*flag = *value == '1';
	return (*value == '0' || *value == '1') && !value[1] ? 0 : -EINVAL;
}

static int set_display(const char *value, uint32_t *display)
{
	unsigned long long number;

	if (!args_number(value, 0, DISPLAY_MAX, &number))
		return -EINVAL;
	*display = (uint32_t)number;
	return 0;
}

/* The address becomes a part of an option of QEMU's. */
static int set_listen(struct vfb *vfb, char *value)
{
	char *colon = strrchr(value, ':');

	vfb->listen = value;
	if (!*value ||
		value[strspn(value, "0123456789abcdefABCDEF.:[]")] != '\0')
		return -EINVAL;
	/* "127.0.0.1:3", but not an address of IPv6. */
	if (!colon || strchr(value, ':') != colon)
		return 0;
	*colon = '\0';
	return set_display(colon + 1, &vfb->display);
}

static int set_vfb(void *arg, const char *key, char *value)
{
	static const char *const ignored[] = { "display", "xauthority",
		"keymap", NULL };
	struct vfb *vfb = arg;
	bool flag;

	if (!strcmp(key, "vnc"))
		return set_flag(value, &vfb->has_vnc);
	if (!strcmp(key, "type"))
		return strcmp(value, "vnc") ? -ENOTSUP : 0;
	if (!strcmp(key, "vnclisten"))
		return set_listen(vfb, value);
	if (!strcmp(key, "vncdisplay"))
		return set_display(value, &vfb->display);
	if (!strcmp(key, "vncunused"))
		return set_flag(value, &vfb->is_unused);
	/* Windows on dom0's own screen, and passwords in the store. */
	if (!strcmp(key, "sdl") || !strcmp(key, "opengl"))
		return set_flag(value, &flag) || flag ? -ENOTSUP : 0;
	if (!strcmp(key, "vncpasswd"))
		return *value ? -ENOTSUP : 0;
	return words_has(ignored, key) ? 0 : 1;
}

int vfb_parse(const char *text, struct vfb_text *out, struct why *why)
{
	int ret;

	*out = (struct vfb_text){ .vfb = { .listen = LISTEN_DEFAULT,
					  .has_vnc = true,
					  .is_unused = true } };
	out->text = strdup(text);
	if (!out->text)
		return why_set(why, -ENOMEM, "out of memory");
	ret = read_words(out->text, text, &out->vfb, set_vfb, why);
	if (ret)
		vfb_free(out);
	return ret;
}

void vfb_free(struct vfb_text *vfb)
{
	free(vfb->text);
	vfb->text = NULL;
}

char *vfb_option(const struct vfb *vfb)
{
	char *text, more[24] = "";

	if (!vfb->has_vnc)
		return strdup("none");
	if (vfb->is_unused)
		snprintf(more, sizeof(more), ",to=%u", UNUSED_MORE);
	return asprintf(&text, "%s:%u%s", vfb->listen, vfb->display, more) < 0
		       ? NULL
		       : text;
}

static int set_share(void *arg, const char *key, char *value)
{
	static const char *const models[] = { "none", "passthrough",
		"mapped-xattr", "mapped-file", "mapped", NULL };
	struct share *share = arg;

	if (!strcmp(key, "tag")) {
		share->tag = value;
		return *value && strlen(value) < 32 ? 0 : -EINVAL;
	}
	if (!strcmp(key, "path")) {
		share->path = value;
		return *value == '/' ? 0 : -EINVAL;
	}
	if (!strcmp(key, "security_model")) {
		share->model = value;
		return words_has(models, value) ? 0 : -EINVAL;
	}
	if (!strcmp(key, "backend"))
		return !strcmp(value, "0") || !strcmp(value, "Domain-0")
			       ? 0
			       : -ENOTSUP;
	return 1;
}

int share_parse(const char *text, struct share_text *out, struct why *why)
{
	uint32_t id = out->share.id;
	int ret;

	*out = (struct share_text){ .share.id = id };
	out->text = strdup(text);
	if (!out->text)
		return why_set(why, -ENOMEM, "out of memory");
	ret = read_words(out->text, text, &out->share, set_share, why);
	if (!ret && (!out->share.tag || !out->share.path || !out->share.model))
		ret = why_set(why, -EINVAL,
			"'%s' must say tag=, path= and security_model=", text);
	if (ret)
		share_free(out);
	return ret;
}

void share_free(struct share_text *share)
{
	free(share->text);
	share->text = NULL;
}

int share_check(const struct share *share, struct why *why)
{
	struct stat st;

	if (stat(share->path, &st))
		return why_set(why, -errno, "the shared folder %s: %s",
			share->path, strerror(errno));
	return S_ISDIR(st.st_mode) ? 0
				   : why_set(why, -ENOTDIR,
					     "%s, which is to be shared, is no "
					     "folder",
					     share->path);
}
