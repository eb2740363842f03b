/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cores of PV domains; see tenonctrl/dump_pv.h. What is where in the file is
 * decided before its first byte is written, so it is written in one go.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/call.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/dump_pv.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <public/elfnote.h>
#include <public/version.h>
#include "pv_list.h"
#include "save_pages.h"

#define PAGE	  4096UL
#define BATCH	  1024 /* pages that are mapped at once */
#define MAGIC_PV  0xf00febedULL
#define FORMAT	  1ULL /* version 0.1 */
#define NOTE_NAME "Xen"

/* The notes' descriptors and a word of .xen_p2m, as the format has them. */
struct dump_header {
	uint64_t magic, vcpu_count, page_count, page_size;
};

struct dump_version {
	uint64_t major, minor;
	xen_extraversion_t extra;
	struct xen_compile_info compile;
	xen_capabilities_info_t capabilities;
	xen_changeset_info_t changeset;
	struct xen_platform_parameters platform;
	uint64_t page_size;
};

struct dump_p2m {
	uint64_t pfn, gmfn;
};

struct note_head {
	Elf64_Nhdr head;
	char name[4];
};

struct notes {
	struct note_head none, header_head;
	struct dump_header header;
	struct note_head version_head;
	struct dump_version version;
	struct note_head format_head;
	uint64_t format;
} __attribute__((packed));

enum section {
	SECTION_NULL,
	SECTION_NAMES,
	SECTION_NOTE,
	SECTION_PRSTATUS,
	SECTION_SHARED_INFO,
	SECTION_P2M,
	SECTION_PAGES,
	SECTION_COUNT
};

/* In the order of the file. */
static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0"
			    ".xen_shared_info\0.xen_p2m\0.xen_pages";
static const uint8_t name_at[SECTION_COUNT] = { 0, 1, 11, 21, 35, 52, 61 };

struct dumper {
	struct ctrl *c;
	uint32_t domid;
	const struct save_progress *progress;
	struct save_file *f;
	struct why *why;
	struct xen_domctl_getdomaininfo info;
	struct pv_list list;
	struct vcpu_guest_context *vcpus;
	uint64_t vcpu_count;
	struct dump_p2m *p2m;
	uint64_t page_count;
	struct {
		Elf64_Ehdr elf;
		Elf64_Shdr sections[SECTION_COUNT];
		struct notes notes;
	} head;
};

static int failed(struct dumper *d, int error, const char *what)
{
	return why_set(d->why, error, "cannot read the %s of domain %u: %s",
		what, d->domid, strerror(-error));
}

static int read_vcpus(struct dumper *d)
{
	d->vcpus = calloc(d->info.max_vcpu_id + 1ULL, sizeof(*d->vcpus));
	if (!d->vcpus)
		return why_set(d->why, -ENOMEM, "out of memory in dom0");
	for (uint32_t i = 0; i <= d->info.max_vcpu_id; i++) {
		/* One that never started has no registers. */
		if (!domstate_get_context(
			    d->c, d->domid, i, &d->vcpus[d->vcpu_count]))
			d->vcpu_count++;
	}
	return d->vcpu_count ? 0 : failed(d, -ENODATA, "registers");
}

/* Those of `count` frames that are the domain's own, with their numbers. */
static int take_own(struct dumper *d, const struct dump_p2m *from, size_t count)
{
	xen_pfn_t types[BATCH];
	int ret;

	for (size_t i = 0; i < count; i++)
		types[i] = from[i].gmfn;
	ret = domstate_page_types(d->c, d->domid, types, count);
	for (size_t i = 0; i < count && !ret; i++) {
		uint64_t type = types[i] & XEN_DOMCTL_PFINFO_LTAB_MASK;

		if (type < XEN_DOMCTL_PFINFO_BROKEN)
			d->p2m[d->page_count++] = from[i];
	}
	return ret ? failed(d, ret, "kinds of pages") : 0;
}

static int choose_pages(struct dumper *d)
{
	struct dump_p2m some[BATCH];
	size_t count = 0;
	int ret = 0;

	d->p2m = calloc(d->list.count, sizeof(*d->p2m));
	if (!d->p2m)
		return why_set(d->why, -ENOMEM, "out of memory in dom0");
	for (uint64_t pfn = 0; pfn < d->list.count && !ret; pfn++) {
		/* What the guest claims of a frame twice is shown twice. */
		if (d->list.p2m[pfn] != PV_LIST_NONE)
			some[count++] =
				(struct dump_p2m){ pfn, d->list.p2m[pfn] };
		if (count < BATCH && pfn + 1 < d->list.count)
			continue;
		if (count)
			ret = take_own(d, some, count);
		count = 0;
	}
	return ret;
}

static struct note_head note(uint32_t type, size_t size)
{
	return (struct note_head){ { sizeof(NOTE_NAME), (uint32_t)size, type },
		NOTE_NAME };
}

static int read_version(struct dumper *d, struct dump_version *v)
{
	uint32_t number;
	int ret = call_version(d->c, &number);

	if (!ret)
		ret = call_version_about(
			d->c, XENVER_extraversion, v->extra, sizeof(v->extra));
	if (!ret)
		ret = call_version_about(d->c, XENVER_compile_info, &v->compile,
			sizeof(v->compile));
	if (!ret)
		ret = call_version_about(d->c, XENVER_capabilities,
			v->capabilities, sizeof(v->capabilities));
	if (!ret)
		ret = call_version_about(d->c, XENVER_changeset, v->changeset,
			sizeof(v->changeset));
	if (!ret)
		ret = call_version_about(d->c, XENVER_platform_parameters,
			&v->platform, sizeof(v->platform));
	if (ret)
		return failed(d, ret, "hypervisor's version, on behalf");
	v->major = number >> 16;
	v->minor = number & 0xffff;
	v->page_size = PAGE;
	return 0;
}

static int make_notes(struct dumper *d)
{
	struct notes *n = &d->head.notes;
	struct dump_version version = { 0 };
	int ret = read_version(d, &version);

	n->none = note(XEN_ELFNOTE_DUMPCORE_NONE, 0);
	n->header_head = note(XEN_ELFNOTE_DUMPCORE_HEADER, sizeof(n->header));
	n->header = (struct dump_header){ MAGIC_PV, d->vcpu_count,
		d->page_count, PAGE };
	n->version_head =
		note(XEN_ELFNOTE_DUMPCORE_XEN_VERSION, sizeof(n->version));
	n->version = version;
	n->format_head =
		note(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, sizeof(n->format));
	n->format = FORMAT;
	return ret;
}

/* Puts a section behind the one before; where it begins. */
static uint64_t place(struct dumper *d, enum section which, uint64_t at,
	uint64_t size, uint64_t entry, uint64_t align)
{
	at = (at + align - 1) & ~(align - 1);
	d->head.sections[which] = (Elf64_Shdr){
		.sh_name = name_at[which],
		.sh_type = SHT_PROGBITS,
		.sh_offset = at,
		.sh_size = size,
		.sh_entsize = entry,
		.sh_addralign = align,
	};
	return at + size;
}

static void make_head(struct dumper *d)
{
	uint64_t at = offsetof(__typeof__(d->head), notes);

	memcpy(d->head.elf.e_ident, ELFMAG, SELFMAG);
	d->head.elf.e_ident[EI_CLASS] = ELFCLASS64;
	d->head.elf.e_ident[EI_DATA] = ELFDATA2LSB;
	d->head.elf.e_ident[EI_VERSION] = EV_CURRENT;
	d->head.elf.e_type = ET_CORE;
	d->head.elf.e_machine = EM_X86_64;
	d->head.elf.e_version = EV_CURRENT;
	d->head.elf.e_ehsize = sizeof(d->head.elf);
	d->head.elf.e_shoff = offsetof(__typeof__(d->head), sections);
	d->head.elf.e_shentsize = sizeof(d->head.sections[0]);
	d->head.elf.e_shnum = SECTION_COUNT;
	d->head.elf.e_shstrndx = SECTION_NAMES;
	at = place(d, SECTION_NOTE, at, sizeof(d->head.notes), 0, 1);
	at = place(d, SECTION_PRSTATUS, at, d->vcpu_count * sizeof(*d->vcpus),
		sizeof(*d->vcpus), 8);
	at = place(d, SECTION_SHARED_INFO, at, PAGE, PAGE, 8);
	at = place(d, SECTION_P2M, at, d->page_count * sizeof(*d->p2m),
		sizeof(*d->p2m), 8);
	at = place(d, SECTION_PAGES, at, d->page_count * PAGE, PAGE, PAGE);
	/* Behind the pages: a file does not end with a hole. */
	(void)place(d, SECTION_NAMES, at, sizeof(names), 0, 1);
	d->head.sections[SECTION_NOTE].sh_type = SHT_NOTE;
	d->head.sections[SECTION_NAMES].sh_type = SHT_STRTAB;
}

/* Zeros up to where the section begins, then its bytes. */
static int put(struct dumper *d, enum section which, const void *bytes)
{
	static const char zeros[PAGE];
	uint64_t at = d->head.sections[which].sh_offset;
	struct iovec pieces[] = {
		{ .iov_base = (void *)(uintptr_t)zeros,
			.iov_len = at - d->f->bytes },
		{ .iov_base = (void *)(uintptr_t)bytes,
			.iov_len = d->head.sections[which].sh_size },
	};

	return save_file_writev(d->f, pieces, bytes ? 2 : 1, d->why);
}

static int put_shared(struct dumper *d)
{
	xen_pfn_t mfn = d->info.shared_info_frame;
	void *map;
	int ret = fmem_map_read(d->c, d->domid, &mfn, 1, &map);

	if (ret)
		return failed(d, ret, "shared page");
	ret = put(d, SECTION_SHARED_INFO, map);
	fmem_unmap(d->c, map, 1);
	return ret;
}

static int put_pages(struct dumper *d)
{
	xen_pfn_t frames[BATCH];
	int ret = put(d, SECTION_PAGES, NULL);

	for (uint64_t at = 0, some; at < d->page_count && !ret; at += some) {
		struct iovec piece;
		void *map;

		some = d->page_count - at < BATCH ? d->page_count - at : BATCH;
		for (uint64_t i = 0; i < some; i++)
			frames[i] = d->p2m[at + i].gmfn;
		ret = fmem_map_read(d->c, d->domid, frames, some, &map);
		if (ret)
			return failed(d, ret, "memory");
		piece = (struct iovec){ map, some * PAGE };
		ret = save_pages_write(d->f, &piece, 1, d->why);
		fmem_unmap(d->c, map, some);
		if (d->progress->tell)
			d->progress->tell(
				d->progress->arg, at + some, d->page_count);
	}
	return ret;
}

static int put_all(struct dumper *d)
{
	int ret = read_vcpus(d);

	if (!ret)
		ret = choose_pages(d);
	if (!ret)
		ret = make_notes(d);
	if (ret)
		return ret;
	make_head(d);
	ret = save_file_write(d->f, &d->head, sizeof(d->head), d->why);
	if (!ret)
		ret = put(d, SECTION_PRSTATUS, d->vcpus);
	if (!ret)
		ret = put_shared(d);
	if (!ret)
		ret = put(d, SECTION_P2M, d->p2m);
	if (!ret)
		ret = put_pages(d);
	return ret ? ret : put(d, SECTION_NAMES, names);
}

int dump_pv(struct ctrl *c, uint32_t domid,
	const struct save_progress *progress, struct save_file *f,
	struct why *why)
{
	struct dumper d = {
		.c = c, .domid = domid, .progress = progress, .f = f, .why = why
	};
	int ret = sysctl_domain(c, domid, &d.info);

	if (ret)
		return failed(&d, ret, "state");
	ret = pv_list_read(c, &d.info, &d.list, why);
	if (!ret)
		ret = put_all(&d);
	pv_list_free(&d.list);
	free(d.vcpus);
	free(d.p2m);
	return ret;
}
