/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of a PV kernel from its ELF headers and Xen notes, or the text that
 * older ones have in their place. Everything in the file is hostile: each
 * number is checked before it is used, and what cannot be a kernel that was
 * linked on purpose is refused.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/image.h>
#include <tenonctrl/why.h>
#include <public/elfnote.h>

#define PAGE	      4096ULL
#define HEADERS_MAX   64U
#define SECTIONS_MAX  4096U
#define NOTE_SIZE_MAX (1U << 20)
#define TEXT_SIZE_MAX 1024U /* of a section __xen_guest */

/* What the notes said; have: bit n set when note n was there. */
struct notes {
	uint64_t have;
	uint64_t value[XEN_ELFNOTE_MAX + 1];
	char guest_os[16];
	char loader[16];
};

static bool has(const struct notes *notes, unsigned int type)
{
	return notes->have >> type & 1;
}

static int corrupt(struct why *why, const char *what)
{
	return why_set(why, -EILSEQ, "the ELF file is corrupt: %s", what);
}

/* A printable string from a note's bytes. */
static void take_string(char *to, size_t size, const uint8_t *from, size_t len)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size && from[i] >= ' ' && from[i] < 127;
		i++)
		to[i] = (char)from[i];
	to[i] = '\0';
}

static void take_note(
	struct notes *notes, uint32_t type, const uint8_t *data, size_t len)
{
	uint64_t value = 0;

	if (type > XEN_ELFNOTE_MAX)
		return;
	if (type == XEN_ELFNOTE_GUEST_OS)
		take_string(
			notes->guest_os, sizeof(notes->guest_os), data, len);
	else if (type == XEN_ELFNOTE_LOADER)
		take_string(notes->loader, sizeof(notes->loader), data, len);
	else if (len == 4 || len == 8)
		memcpy(&value, data, len);
	notes->value[type] = value;
	notes->have |= 1ULL << type;
}

/* Walks one run of notes. */
static int read_notes(const struct image_source *source, uint64_t offset,
	uint64_t size, struct notes *notes, struct why *why)
{
	uint8_t *bytes;
	size_t at = 0;
	int ret;

	if (size > NOTE_SIZE_MAX)
		return corrupt(why, "its notes are too large");
	bytes = malloc(size ? size : 1);
	if (!bytes)
		return why_set(why, -ENOMEM, "out of memory");
	ret = source->read(source->state, offset, bytes, size);
	if (ret) {
		free(bytes);
		return corrupt(why, "its notes lie outside the file");
	}
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr head;
		uint64_t name, data, end;

		memcpy(&head, bytes + at, sizeof(head));
		name = at + sizeof(head);
		data = name + ((head.n_namesz + 3ULL) & ~3ULL);
		end = data + ((head.n_descsz + 3ULL) & ~3ULL);
		if (end > size)
			break;
		if (head.n_namesz == 4 && !memcmp(bytes + name, "Xen", 4))
			take_note(notes, head.n_type, bytes + data,
				head.n_descsz);
		at = (size_t)end;
	}
	free(bytes);
	return 0;
}

static int take_segment(const Elf64_Phdr *head, uint64_t file_size,
	struct image_plan *plan, struct why *why)
{
	struct image_segment *seg;

	if (!head->p_memsz)
		return 0;
	if (plan->segment_count == IMAGE_SEGMENTS_MAX)
		return corrupt(why, "it has too many segments");
	if (head->p_filesz > head->p_memsz)
		return corrupt(why, "a segment is larger in the file than in "
				    "memory");
	if (head->p_offset > file_size ||
		head->p_filesz > file_size - head->p_offset)
		return corrupt(why, "a segment lies past the end of the file "
				    "(is it cut off?)");
	if (head->p_paddr + head->p_memsz < head->p_paddr)
		return corrupt(why, "a segment wraps around");
	seg = &plan->segments[plan->segment_count++];
	seg->offset = head->p_offset;
	seg->file_size = head->p_filesz;
	seg->mem_size = head->p_memsz;
	seg->paddr = head->p_paddr;
	return 0;
}

static int read_segments(const struct image_source *source,
	const Elf64_Ehdr *elf, struct image_plan *plan, struct notes *notes,
	struct why *why)
{
	if (elf->e_phentsize != sizeof(Elf64_Phdr) || !elf->e_phnum ||
		elf->e_phnum > HEADERS_MAX)
		return corrupt(why, "its program headers make no sense");
	for (unsigned int i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr head;
		int ret = 0;

		if (elf->e_phoff > source->size ||
			source->read(source->state,
				elf->e_phoff + i * sizeof(head), &head,
				sizeof(head)))
			return corrupt(why, "its program headers lie outside "
					    "the file");
		if (head.p_type == PT_LOAD)
			ret = take_segment(&head, source->size, plan, why);
		else if (head.p_type == PT_NOTE)
			ret = read_notes(source, head.p_offset, head.p_filesz,
				notes, why);
		if (ret)
			return ret;
	}
	if (!plan->segment_count)
		return corrupt(why, "there is nothing to load in it");
	return 0;
}

/* Some kernels have their notes in sections alone. */
static int read_sections(const struct image_source *source,
	const Elf64_Ehdr *elf, struct notes *notes, struct why *why)
{
	if (elf->e_shentsize != sizeof(Elf64_Shdr) ||
		elf->e_shnum > SECTIONS_MAX || elf->e_shoff > source->size)
		return 0;
	for (unsigned int i = 0; i < elf->e_shnum; i++) {
		Elf64_Shdr head;
		int ret;

		if (source->read(source->state, elf->e_shoff + i * sizeof(head),
			    &head, sizeof(head)))
			return 0;
		if (head.sh_type != SHT_NOTE)
			continue;
		ret = read_notes(
			source, head.sh_offset, head.sh_size, notes, why);
		if (ret)
			return ret;
	}
	return 0;
}

/* One "KEY=VALUE" of that text; keys that say nothing to us are left. */
static void take_word(struct notes *notes, const char *word)
{
	static const struct {
		const char *key;
		unsigned int type;
	} keys[] = {
		{ "VIRT_BASE=", XEN_ELFNOTE_VIRT_BASE },
		{ "VIRT_ENTRY=", XEN_ELFNOTE_ENTRY },
		{ "ELF_PADDR_OFFSET=", XEN_ELFNOTE_PADDR_OFFSET },
		{ "HYPERCALL_PAGE=", XEN_ELFNOTE_HYPERCALL_PAGE },
	};

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i].key);

		if (strncmp(word, keys[i].key, len) != 0)
			continue;
		notes->value[keys[i].type] = strtoull(word + len, NULL, 0);
		notes->have |= 1ULL << keys[i].type;
	}
	if (!strncmp(word, "GUEST_OS=", 9))
		take_note(notes, XEN_ELFNOTE_GUEST_OS,
			(const uint8_t *)word + 9, strlen(word + 9));
	if (!strncmp(word, "LOADER=", 7))
		take_note(notes, XEN_ELFNOTE_LOADER, (const uint8_t *)word + 7,
			strlen(word + 7));
}

/* Words between commas; the hypercall page is the number of a page there. */
static int read_text(const struct image_source *source, const Elf64_Shdr *head,
	struct notes *notes, struct why *why)
{
	char text[TEXT_SIZE_MAX + 1] = "", *rest = text, *word;

	if (head->sh_size > TEXT_SIZE_MAX ||
		source->read(source->state, head->sh_offset, text,
			(size_t)head->sh_size))
		return corrupt(why, "its section __xen_guest is too large or "
				    "lies outside the file");
	while ((word = strsep(&rest, ",")))
		take_word(notes, word);
	if (has(notes, XEN_ELFNOTE_HYPERCALL_PAGE))
		notes->value[XEN_ELFNOTE_HYPERCALL_PAGE] =
			notes->value[XEN_ELFNOTE_VIRT_BASE] +
			notes->value[XEN_ELFNOTE_HYPERCALL_PAGE] * PAGE;
	return 0;
}

/* What kernels had before there were notes: a section found by its name. */
static int read_guest_section(const struct image_source *source,
	const Elf64_Ehdr *elf, struct notes *notes, struct why *why)
{
	static const char wanted[] = "__xen_guest";
	char name[sizeof(wanted)];
	Elf64_Shdr head, names;

	if (elf->e_shentsize != sizeof(head) || elf->e_shnum > SECTIONS_MAX ||
		elf->e_shstrndx >= elf->e_shnum ||
		elf->e_shoff > source->size ||
		source->read(source->state,
			elf->e_shoff + elf->e_shstrndx * sizeof(names), &names,
			sizeof(names)) ||
		names.sh_offset > source->size)
		return 0;
	for (unsigned int i = 0; i < elf->e_shnum; i++) {
		if (source->read(source->state, elf->e_shoff + i * sizeof(head),
			    &head, sizeof(head)))
			return 0;
		if (!source->read(source->state, names.sh_offset + head.sh_name,
			    name, sizeof(name)) &&
			!memcmp(name, wanted, sizeof(name)))
			return read_text(source, &head, notes, why);
	}
	return 0;
}

static int judge_notes(const struct notes *notes, struct why *why)
{
	if (!notes->have)
		return why_set(why, -ENOEXEC,
			"it has no Xen notes, so it cannot run as a PV guest; "
			"take a kernel built with CONFIG_XEN_PV");
	if (!has(notes, XEN_ELFNOTE_ENTRY) &&
		has(notes, XEN_ELFNOTE_PHYS32_ENTRY))
		return why_set(why, -ENOEXEC,
			"it can only run as a PVH guest, not as a PV one; "
			"take a kernel built with CONFIG_XEN_PV");
	if (has(notes, XEN_ELFNOTE_LOADER) &&
		strcmp(notes->loader, "generic") != 0)
		return why_set(why, -ENOEXEC,
			"it asks for the loader '%s', only 'generic' is known",
			notes->loader);
	return 0;
}

static int compare_segments(const void *a, const void *b)
{
	const struct image_segment *x = a, *y = b;

	return x->paddr < y->paddr ? -1 : x->paddr > y->paddr;
}

static int finish(const Elf64_Ehdr *elf, const struct notes *notes,
	struct image_plan *plan, struct why *why)
{
	const struct image_segment *last;
	/* Addresses in the headers count from here. */
	uint64_t base = has(notes, XEN_ELFNOTE_PADDR_OFFSET)
				? notes->value[XEN_ELFNOTE_PADDR_OFFSET]
				: 0;

	qsort(plan->segments, plan->segment_count, sizeof(plan->segments[0]),
		compare_segments);
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		if (plan->segments[i].paddr < base)
			return corrupt(why, "a segment lies below the offset "
					    "that its notes give");
		plan->segments[i].paddr -= base;
	}
	last = &plan->segments[plan->segment_count - 1];
	plan->paddr_start = plan->segments[0].paddr;
	plan->paddr_end = last->paddr + last->mem_size;
	plan->virt_base = notes->value[XEN_ELFNOTE_VIRT_BASE];
	plan->entry = has(notes, XEN_ELFNOTE_ENTRY)
			      ? notes->value[XEN_ELFNOTE_ENTRY]
			      : elf->e_entry;
	plan->init_p2m = notes->value[XEN_ELFNOTE_INIT_P2M];
	plan->hypercall_page = notes->value[XEN_ELFNOTE_HYPERCALL_PAGE];
	plan->mod_start_pfn = notes->value[XEN_ELFNOTE_MOD_START_PFN] != 0;
	memcpy(plan->guest_os, notes->guest_os, sizeof(plan->guest_os));
	return 0;
}

int image_plan_elf(const struct image_source *source, struct image_plan *out,
	struct why *why)
{
	struct image_plan plan = { 0 };
	struct notes notes = { 0 };
	Elf64_Ehdr elf;
	int ret;

	if (source->read(source->state, 0, &elf, sizeof(elf)) ||
		memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0)
		return why_set(why, -ENOEXEC,
			"it is neither an ELF file nor a bzImage: not a "
			"kernel");
	if (elf.e_ident[EI_CLASS] == ELFCLASS32 && elf.e_machine == EM_386)
		return why_set(why, -ENOEXEC,
			"it is a 32-bit kernel, and guests are 64-bit alone; "
			"take an amd64 one");
	if (elf.e_ident[EI_CLASS] != ELFCLASS64 ||
		elf.e_ident[EI_DATA] != ELFDATA2LSB ||
		elf.e_machine != EM_X86_64)
		return why_set(why, -ENOEXEC,
			"it is not a 64-bit x86 kernel; take an amd64 one");
	if (elf.e_type != ET_EXEC && elf.e_type != ET_DYN)
		return why_set(why, -ENOEXEC,
			"it is an object file, not a linked kernel");
	ret = read_segments(source, &elf, &plan, &notes, why);
	if (!ret && !notes.have)
		ret = read_sections(source, &elf, &notes, why);
	if (!ret && !notes.have)
		ret = read_guest_section(source, &elf, &notes, why);
	if (!ret)
		ret = judge_notes(&notes, why);
	if (!ret)
		ret = finish(&elf, &notes, &plan, why);
	if (!ret)
		*out = plan;
	return ret;
}

int image_plan_check(const struct image_plan *plan, uint64_t size,
	uint64_t memory, struct why *why)
{
	uint64_t end = 0;

	if (!plan->segment_count || plan->segment_count > IMAGE_SEGMENTS_MAX)
		return corrupt(why, "there is nothing to load in it");
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct image_segment *seg = &plan->segments[i];

		if (seg->offset > size || seg->file_size > size - seg->offset)
			return corrupt(why, "a segment lies past its end");
		if (seg->file_size > seg->mem_size)
			return corrupt(why, "a segment shrinks when loaded");
		if (seg->paddr < end)
			return corrupt(why, "its segments overlap");
		if (seg->paddr > memory || seg->mem_size > memory - seg->paddr)
			return why_set(why, -EFBIG,
				"it reaches up to %llu MiB but the guest has "
				"only %llu MiB; give it more memory",
				(unsigned long long)((seg->paddr +
							     seg->mem_size) >>
						     20),
				(unsigned long long)(memory >> 20));
		end = seg->paddr + seg->mem_size;
	}
	if (plan->paddr_end != end ||
		plan->paddr_start != plan->segments[0].paddr)
		return corrupt(why, "its extent makes no sense");
	/* Any canonical place, on a page, that it does not run out of. */
	if (plan->virt_base % PAGE || plan->virt_base + end < end ||
		(plan->virt_base >> 47 != 0 &&
			plan->virt_base >> 47 != 0x1ffff) ||
		((plan->virt_base + end - 1) ^ plan->virt_base) >> 47)
		return corrupt(why, "its virtual base is no valid address");
	if (plan->entry < plan->virt_base + plan->paddr_start ||
		plan->entry >= plan->virt_base + end)
		return corrupt(why, "its entry point lies outside of it");
	if (plan->hypercall_page &&
		(plan->hypercall_page % PAGE ||
			plan->hypercall_page <
				plan->virt_base + plan->paddr_start ||
			plan->hypercall_page + PAGE > plan->virt_base + end))
		return corrupt(why, "its hypercall page lies outside of it");
	/* A list of its own must not meet the kernel's map: own L4 slot. */
	if (plan->init_p2m &&
		(plan->init_p2m % PAGE ||
			(plan->init_p2m >> 47 != 0 &&
				plan->init_p2m >> 47 != 0x1ffff) ||
			(plan->init_p2m >> 39) == (plan->virt_base >> 39)))
		return corrupt(why, "its place for the p2m list is no valid "
				    "address");
	return 0;
}
