/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Xen ELF notes: one table says where each goes.
 */
#include <public/elfnote.h>
#include <public/features.h>
#include <tenon/elf.h>
#include <tenon/errno.h>
#include <tenon/string.h>

enum kind { NUMBER, STRING, YES };

static const struct field {
	uint32_t type;
	enum kind kind;
	size_t offset; /* of the value in struct xen_elf */
} fields[] = {
#define FIELD(type, kind, name)                                          \
	{                                                                \
		XEN_ELFNOTE_##type, kind, offsetof(struct xen_elf, name) \
	}
	FIELD(ENTRY, NUMBER, entry),
	FIELD(VIRT_BASE, NUMBER, virt_base),
	FIELD(PADDR_OFFSET, NUMBER, paddr_offset),
	FIELD(HYPERCALL_PAGE, NUMBER, hypercall_page),
	FIELD(INIT_P2M, NUMBER, init_p2m),
	FIELD(HV_START_LOW, NUMBER, hv_start_low),
	FIELD(PHYS32_ENTRY, NUMBER, phys32_entry),
	FIELD(SUPPORTED_FEATURES, NUMBER, supported_features),
	FIELD(MOD_START_PFN, YES, mod_start_pfn),
	FIELD(SUSPEND_CANCEL, YES, suspend_cancel),
	FIELD(GUEST_OS, STRING, guest_os),
	FIELD(GUEST_VERSION, STRING, guest_version),
	FIELD(XEN_VERSION, STRING, xen_version),
	FIELD(LOADER, STRING, loader),
#undef FIELD
};

/* Names in the FEATURES string. */
static const struct feature {
	const char *name;
	unsigned int bit;
} features[] = {
	{ "writable_page_tables", XENFEAT_writable_page_tables },
	{ "writable_descriptor_tables", XENFEAT_writable_descriptor_tables },
	{ "auto_translated_physmap", XENFEAT_auto_translated_physmap },
	{ "supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel },
	{ "pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb },
	{ "dom0", XENFEAT_dom0 },
};

static int note_number(const struct elf_note *note, uint64_t *value)
{
	uint64_t v = 0;

	if (note->size != 4 && note->size != 8)
		return -EINVAL;
	memcpy(&v, note->data, note->size);
	*value = v;
	return 0;
}

/* Strings in struct xen_elf are informative: a long one is cut. */
#define STRING_SIZE sizeof(((struct xen_elf *)0)->guest_os)

static void note_string(const struct elf_note *note, char *to)
{
	size_t n = strnlen((const char *)note->data,
		MIN((size_t)note->size, STRING_SIZE - 1));

	memcpy(to, note->data, n);
	to[n] = 0;
}

/* A number, or "yes" as old kernels wrote it. */
static bool note_is_yes(const struct elf_note *note)
{
	uint64_t v;

	if (!note_number(note, &v) && v == 1)
		return true;
	return note->size >= 3 && !memcmp(note->data, "yes", 3);
}

/* Names with | between them; ! before one that the kernel cannot do without. */
static int read_features(struct xen_elf *xen, const struct elf_note *note)
{
	const char *p = (const char *)note->data;
	const char *end = p + strnlen(p, note->size);

	while (p < end) {
		bool required = *p == '!';
		const char *name = p + required;
		size_t n = 0, i;

		while (name + n < end && name[n] != '|')
			n++;
		for (i = 0; i < ARRAY_SIZE(features); i++)
			if (strlen(features[i].name) == n &&
				!memcmp(features[i].name, name, n))
				break;
		if (i < ARRAY_SIZE(features)) {
			xen->supported_features |= 1ULL << features[i].bit;
			if (required)
				xen->required_features |= 1ULL
							  << features[i].bit;
		} else if (required) {
			return -EOPNOTSUPP;
		}
		p = name + n + 1;
	}
	return 0;
}

static int read_note(struct xen_elf *xen, const struct elf_note *note)
{
	char *base = (char *)xen;

	if (note->type == XEN_ELFNOTE_FEATURES)
		return read_features(xen, note);
	if (note->type == XEN_ELFNOTE_L1_MFN_VALID && note->size >= 16) {
		memcpy(&xen->l1_valid_mask, note->data, 8);
		memcpy(&xen->l1_valid_value, note->data + 8, 8);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char *to = base + fields[i].offset;
		uint64_t v;

		if (fields[i].type != note->type)
			continue;
		if (fields[i].kind == STRING) {
			note_string(note, to);
		} else if (fields[i].kind == YES) {
			bool yes = note_is_yes(note);

			memcpy(to, &yes, sizeof(yes));
		} else {
			if (note_number(note, &v))
				return -EINVAL;
			/* One that FEATURES gave bits to already adds. */
			if (note->type == XEN_ELFNOTE_SUPPORTED_FEATURES)
				v |= xen->supported_features;
			memcpy(to, &v, sizeof(v));
		}
	}
	xen->has_hypercall_page |= note->type == XEN_ELFNOTE_HYPERCALL_PAGE;
	xen->has_init_p2m |= note->type == XEN_ELFNOTE_INIT_P2M;
	xen->has_phys32_entry |= note->type == XEN_ELFNOTE_PHYS32_ENTRY;
	return 0;
}

/* Finds the extent of all segments in virtual memory. */
static int place(struct xen_elf *xen, const struct elf *elf, const char **why)
{
	struct elf_segment s;
	uint32_t cursor = 0;

	xen->virt_start = UINT64_MAX;
	xen->virt_end = 0;
	while (elf_next_segment(elf, &cursor, &s)) {
		uint64_t start, end;

		if (s.paddr < xen->paddr_offset ||
			__builtin_add_overflow(s.paddr - xen->paddr_offset,
				xen->virt_base, &start) ||
			__builtin_add_overflow(start, s.mem_size, &end)) {
			*why = "a segment lies outside the address space that "
			       "its notes describe";
			return -EINVAL;
		}
		xen->virt_start = MIN(xen->virt_start, start);
		xen->virt_end = MAX(xen->virt_end, end);
	}
	if (xen->virt_start >= xen->virt_end) {
		*why = "it has nothing to load";
		return -EINVAL;
	}
	if (xen->entry < xen->virt_start || xen->entry >= xen->virt_end ||
		(xen->has_hypercall_page &&
			(xen->hypercall_page % PAGE_SIZE ||
				xen->hypercall_page < xen->virt_start ||
				xen->hypercall_page >= xen->virt_end))) {
		*why = "its entry point or hypercall page lies outside it";
		return -EINVAL;
	}
	return 0;
}

int xen_elf_read(struct xen_elf *xen, const struct elf *elf, const char **why)
{
	struct xen_elf result = { .entry = elf->entry };
	struct elf_note_cursor cursor = { 0 };
	const uint64_t foreign = 1ULL << XENFEAT_auto_translated_physmap |
				 1ULL << XENFEAT_supervisor_mode_kernel;
	struct elf_note note;
	bool found = false;
	int rc;

	while (elf_next_note(elf, &cursor, &note)) {
		if (note.name_size != 4 || memcmp(note.name, "Xen", 4))
			continue;
		/* PHYS32_ENTRY alone is a kernel for PVH only. */
		found |= note.type == XEN_ELFNOTE_VIRT_BASE ||
			 note.type == XEN_ELFNOTE_ENTRY;
		rc = read_note(&result, &note);
		if (rc) {
			*why = rc == -EINVAL
				       ? "one of its Xen notes is malformed"
				       : "it needs a feature that is not known";
			return rc;
		}
	}
	if (!found) {
		*why = "it was not built to run as a paravirtual guest "
		       "(no Xen notes; Linux: CONFIG_XEN_PV)";
		return -EOPNOTSUPP;
	}
	if (result.required_features & foreign) {
		*why = "it wants translated memory or ring 0, "
		       "which a paravirtual guest does not get";
		return -EOPNOTSUPP;
	}
	rc = place(&result, elf, why);
	if (!rc)
		*xen = result;
	return rc;
}
