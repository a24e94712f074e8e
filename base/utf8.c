// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

/* The smallest code point that needs so many bytes. */
static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t size_of_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2)
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0)
		return 3;
	return lead < 0xf5 ? 4 : 0;
}

bool utf8_next(struct span *rest, uint32_t *code)
{
	size_t size = rest->len ? size_of_lead((unsigned char)rest->ptr[0]) : 0;
	uint32_t value;

	if (size == 0 || size > rest->len)
		return false;
	value = (unsigned char)rest->ptr[0];
	if (size > 1)
		value &= 0x7fu >> size;
	for (size_t i = 1; i < size; i++) {
		unsigned char c = (unsigned char)rest->ptr[i];

		if ((c & 0xc0) != 0x80)
			return false;
		value = value << 6 | (c & 0x3f);
	}
	if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return false;
	*rest = (struct span){ rest->ptr + size, rest->len - size };
	*code = value;
	return true;
}

size_t utf8_write(char out[static UTF8_MAX], uint32_t code)
{
	size_t size = 1u + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);

	if (size == 1) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = size - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)((0xf00u >> size & 0xff) | code);
	return size;
}

void utf8_add(struct str *out, uint32_t code)
{
	char bytes[UTF8_MAX];

	str_add(out, (struct span){ bytes, utf8_write(bytes, code) });
}

bool utf8_valid(struct span text)
{
	uint32_t code;

	while (utf8_next(&text, &code))
		;
	return text.len == 0;
}

size_t utf8_len(struct span text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		len += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return len;
}
