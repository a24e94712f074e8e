// SPDX-License-Identifier: Apache-2.0
#include "docker/elf.h"

#include <elf.h>

enum { SEGMENTS_MAX = 256, ENTRIES_MAX = 4096 };

/* Everything stands somewhere in the file, or it is no good. */
struct reader {
	struct arena *arena;
	struct span file;
	Elf64_Phdr segments[SEGMENTS_MAX];
	size_t len;
	struct span strings;
	uint64_t wants, wants_len, defines, defines_len; /* where they are; 0: none */
};

static bool take(const struct reader *r, uint64_t at, void *out, size_t size)
{
	if (at > r->file.len || size > r->file.len - at)
		return false;
	memcpy(out, r->file.ptr + at, size);
	return true;
}

/* From an address in memory to a place in the file; false: it is in none. */
static bool place_of(const struct reader *r, uint64_t address, uint64_t *out)
{
	for (size_t i = 0; i < r->len; i++) {
		const Elf64_Phdr *s = &r->segments[i];

		if (s->p_type == PT_LOAD && address >= s->p_vaddr &&
		    address - s->p_vaddr < s->p_filesz) {
			*out = s->p_offset + (address - s->p_vaddr);
			return *out >= s->p_offset;
		}
	}
	return false;
}

/* NULL: not in there, or without an end. */
static const char *text_at(const struct reader *r, struct span strings, uint64_t at)
{
	if (at >= strings.len || !memchr(strings.ptr + at, '\0', strings.len - (size_t)at))
		return NULL;
	return arena_dup(r->arena, span_of(strings.ptr + at));
}

static bool read_segments(struct reader *r, struct elf *out)
{
	Elf64_Ehdr head;

	if (!take(r, 0, &head, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > SEGMENTS_MAX)
		return false;
	out->machine = head.e_machine;
	r->len = head.e_phnum;
	for (size_t i = 0; i < r->len; i++)
		if (!take(r, head.e_phoff + i * sizeof(Elf64_Phdr), &r->segments[i],
			  sizeof(Elf64_Phdr)))
			return false;
	return true;
}

static bool read_loader(const struct reader *r, struct elf *out)
{
	for (size_t i = 0; i < r->len; i++) {
		const Elf64_Phdr *s = &r->segments[i];

		if (s->p_type != PT_INTERP)
			continue;
		if (s->p_offset > r->file.len || s->p_filesz > r->file.len - s->p_offset)
			return false;
		out->loader = text_at(
			r, (struct span){ r->file.ptr + s->p_offset, (size_t)s->p_filesz }, 0);
		return out->loader != NULL;
	}
	return true;
}

/* Calls back for each entry of the dynamic section: a program that is linked statically has none.
 */
static bool each_dynamic(struct reader *r,
			 bool (*got)(struct reader *r, const Elf64_Dyn *d, void *context),
			 void *context)
{
	for (size_t i = 0; i < r->len; i++) {
		const Elf64_Phdr *s = &r->segments[i];
		Elf64_Dyn entry = { .d_tag = DT_NULL };

		if (s->p_type != PT_DYNAMIC)
			continue;
		for (size_t j = 0; j < ENTRIES_MAX && j * sizeof(entry) < s->p_filesz; j++) {
			if (!take(r, s->p_offset + j * sizeof(entry), &entry, sizeof(entry)))
				return false;
			if (entry.d_tag == DT_NULL)
				break;
			if (!got(r, &entry, context))
				return false;
		}
	}
	return true;
}

struct places {
	uint64_t strings, size;
};

static bool find_places(struct reader *r, const Elf64_Dyn *d, void *context)
{
	struct places *places = context;

	switch (d->d_tag) {
	case DT_STRTAB:
		return place_of(r, d->d_un.d_ptr, &places->strings);
	case DT_STRSZ:
		places->size = d->d_un.d_val;
		return true;
	case DT_VERNEED:
		return place_of(r, d->d_un.d_ptr, &r->wants);
	case DT_VERNEEDNUM:
		r->wants_len = d->d_un.d_val;
		return true;
	case DT_VERDEF:
		return place_of(r, d->d_un.d_ptr, &r->defines);
	case DT_VERDEFNUM:
		r->defines_len = d->d_un.d_val;
		return true;
	default:
		return true;
	}
}

struct list {
	const char **items;
	size_t len, cap;
};

static bool add(const struct reader *r, struct list *list, const char *name)
{
	if (!name || list->len >= ENTRIES_MAX)
		return false;
	list->items = arena_grow(r->arena, list->items, list->len, &list->cap);
	list->items[list->len++] = name;
	return true;
}

static bool find_needed(struct reader *r, const Elf64_Dyn *d, void *context)
{
	return d->d_tag != DT_NEEDED || add(r, context, text_at(r, r->strings, d->d_un.d_val));
}

/* ---- versions ---- */

static bool read_wanted(const struct reader *r, struct elf *out, uint64_t at, const char *file,
			unsigned count, size_t *cap)
{
	struct elf_want *wants = (struct elf_want *)(uintptr_t)out->wants;

	for (unsigned i = 0; i < count; i++) {
		Elf64_Vernaux aux;
		const char *version;

		if (out->wants_len >= ENTRIES_MAX || !take(r, at, &aux, sizeof(aux)))
			return false;
		version = text_at(r, r->strings, aux.vna_name);
		if (!version)
			return false;
		/* What is wanted weakly may be missing. */
		if (!(aux.vna_flags & VER_FLG_WEAK)) {
			wants = arena_grow(r->arena, wants, out->wants_len, cap);
			wants[out->wants_len++] = (struct elf_want){ file, version };
			out->wants = wants;
		}
		if (aux.vna_next == 0)
			break;
		at += aux.vna_next;
	}
	return true;
}

static bool read_wants(const struct reader *r, struct elf *out)
{
	uint64_t at = r->wants;
	size_t cap = 0;

	for (uint64_t i = 0; at && i < r->wants_len && i < ENTRIES_MAX; i++) {
		Elf64_Verneed need;
		const char *file;

		if (!take(r, at, &need, sizeof(need)))
			return false;
		file = text_at(r, r->strings, need.vn_file);
		if (!file || !read_wanted(r, out, at + need.vn_aux, file, need.vn_cnt, &cap))
			return false;
		if (need.vn_next == 0)
			break;
		at += need.vn_next;
	}
	return true;
}

static bool read_defines(const struct reader *r, struct elf *out)
{
	struct list list = { 0 };
	uint64_t at = r->defines;

	for (uint64_t i = 0; at && i < r->defines_len && i < ENTRIES_MAX; i++) {
		Elf64_Verdef def;
		Elf64_Verdaux aux;

		if (!take(r, at, &def, sizeof(def)) ||
		    !take(r, at + def.vd_aux, &aux, sizeof(aux)) ||
		    !add(r, &list, text_at(r, r->strings, aux.vda_name)))
			return false;
		if (def.vd_next == 0)
			break;
		at += def.vd_next;
	}
	out->defines = (struct names){ list.items, list.len };
	return true;
}

bool elf_read(struct elf *out, struct arena *arena, struct span file)
{
	struct reader r = { .arena = arena, .file = file };
	struct places places = { 0 };
	struct list needed = { 0 };
	struct elf elf = { 0 };

	if (!read_segments(&r, &elf) || !read_loader(&r, &elf) ||
	    !each_dynamic(&r, find_places, &places) || places.strings > file.len ||
	    places.size > file.len - places.strings)
		return false;
	r.strings = (struct span){ file.ptr + places.strings, (size_t)places.size };
	if (!each_dynamic(&r, find_needed, &needed) || !read_wants(&r, &elf) ||
	    !read_defines(&r, &elf))
		return false;
	elf.needed = (struct names){ needed.items, needed.len };
	*out = elf;
	return true;
}

const char *elf_architecture(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "amd64";
	case EM_AARCH64:
		return "arm64";
	case EM_RISCV:
		return "riscv64";
	case EM_PPC64:
		return "ppc64le";
	case 258: /* EM_LOONGARCH: not in older headers */
		return "loong64";
	default:
		return NULL;
	}
}
