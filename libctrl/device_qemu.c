/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that QEMU alone serves: their nodes; see tenonctrl/device.h. */
#include <errno.h>
#include <string.h>
#include <tenonctrl/device.h>
#include <tenonctrl/why.h>

static int done(struct device_spec *spec, bool fits, struct why *why)
{
	if (fits)
		return 0;
	device_spec_free(spec);
	return why_set(why, -ENOMEM, "out of memory");
}

static void begin(struct device_spec *spec, enum device_class class,
	uint32_t domid, uint32_t id)
{
	memset(spec, 0, sizeof(*spec));
	spec->device.class = class;
	spec->device.domid = domid;
	spec->device.id = id;
	spec->device.by_qemu = true;
}

int vfb_spec(const struct vfb *vfb, uint32_t domid, struct device_spec *spec,
	struct why *why)
{
	struct device_nodes *back = &spec->back;

	begin(spec, DEVICE_VFB, domid, 0);
	return done(spec,
		device_put(back, "vnc", "%d", vfb->has_vnc) &&
			device_put(back, "vnclisten", "%s", vfb->listen) &&
			device_put(back, "vncdisplay", "%u", vfb->display) &&
			device_put(back, "vncunused", "%d", vfb->is_unused) &&
			device_put(back, "sdl", "0") &&
			device_put(back, "opengl", "0"),
		why);
}

int vkbd_spec(uint32_t domid, struct device_spec *spec, struct why *why)
{
	begin(spec, DEVICE_VKBD, domid, 0);
	return done(spec, device_put(&spec->back, "backend-type", "qemu"), why);
}

int share_spec(const struct share *share, uint32_t domid,
	struct device_spec *spec, struct why *why)
{
	struct device_nodes *back = &spec->back;

	begin(spec, DEVICE_9PFS, domid, share->id);
	return done(spec,
		device_put(back, "path", "%s", share->path) &&
			device_put(
				back, "security_model", "%s", share->model) &&
			device_put(&spec->front, "tag", "%s", share->tag),
		why);
}
