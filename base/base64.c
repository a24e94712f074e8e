// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct str *out, struct span bytes)
{
	const unsigned char *from = (const unsigned char *)bytes.ptr;

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		unsigned group = (unsigned)from[i] << 16;

		group |= left > 1 ? (unsigned)from[i + 1] << 8 : 0;
		group |= left > 2 ? from[i + 2] : 0;
		str_addc(out, digits[group >> 18]);
		str_addc(out, digits[group >> 12 & 63]);
		str_addc(out, left > 1 ? digits[group >> 6 & 63] : '=');
		str_addc(out, left > 2 ? digits[group & 63] : '=');
	}
}

static bool read_digit(unsigned *group, char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	*group = *group << 6 | (at ? (unsigned)(at - digits) : 0);
	return at != NULL;
}

bool base64_read(struct str *out, struct span text)
{
	size_t before = out->len, pads = 0;

	if (text.len % 4)
		return false;
	while (pads < 2 && pads < text.len && text.ptr[text.len - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t len = i + 4 == text.len ? 4 - pads : 4;
		unsigned group = 0;
		bool good = true;

		for (size_t k = 0; k < len; k++)
			good = read_digit(&group, text.ptr[i + k]) && good;
		group <<= 6 * (4 - len);
		if (!good || (group & ((1U << 8 * (4 - len)) - 1))) {
			out->len = before;
			return false;
		}
		for (size_t k = 0; k + 1 < len; k++)
			str_addc(out, (char)(group >> (16 - 8 * k) & 255));
	}
	return true;
}
