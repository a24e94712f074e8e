// SPDX-License-Identifier: Apache-2.0
/* Whatever comes instead of the answers of a TLS server, in pieces as long as the first byte says.
 */
#include "upgrade/node/wire/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of nobody; its key was thrown away. */
static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
				"MIIBdDCCARugAwIBAgIUYThKXOlXy90RNazJiPC2vUDlDrAwCgYIKoZIzj0EAwIw\n"
				"DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjgwNzUzMTVaGA8yMTI2MTEwNDA3NTMx\n"
				"NVowDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOw6\n"
				"e0bOrFLlSzXoVuUEt3Elsc0yciWSTVpyjczBHDodlA+ksljrMukajHtkwIrcNOh1\n"
				"6/2QAUt3bu22T5M6ICijUzBRMB0GA1UdDgQWBBQ80p0DIdmAalvq+ibDFMV8nPoJ\n"
				"RzAfBgNVHSMEGDAWgBQ80p0DIdmAalvq+ibDFMV8nPoJRzAPBgNVHRMBAf8EBTAD\n"
				"AQH/MAoGCCqGSM49BAMCA0cAMEQCIAJKJK+V1YxlRnKuBT3Ksfuu3vPYn83wsIhq\n"
				"nqFHrUv/AiBA5jZBBr+zqBfWxHnq0HFUCzeS1gAzl2+X+hJoy7by1A==\n"
				"-----END CERTIFICATE-----\n";

static const char *authority_file(void)
{
	static char path[64];
	int fd;

	if (path[0])
		return path;
	fd = memfd_create("authority", MFD_CLOEXEC);
	if (fd < 0 || write(fd, authority, strlen(authority)) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void shake(struct tls *tls, struct span bytes, size_t piece)
{
	struct error err;
	bool done = false;

	while (bytes.len > 0) {
		owned_str struct str sealed = STR_EMPTY, plain = STR_EMPTY;
		size_t len = piece < bytes.len ? piece : bytes.len;
		bool open = true;

		tls_put(tls, (struct span){ bytes.ptr, len });
		bytes = (struct span){ bytes.ptr + len, bytes.len - len };
		if ((done ? tls_read(tls, &plain, &open, &err) : tls_shake(tls, &done, &err)) < 0) {
			if (!err.text[0])
				abort();
			tls_take(tls, &sealed);
			return;
		}
		tls_take(tls, &sealed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tls_files files = { .ca = authority_file() };
	owned_tls struct tls *tls = NULL;
	struct error err;

	if (size < 1)
		return 0;
	if (tls_new(&tls, &files, data[0] & 1 ? "127.0.0.1" : "n.example", "n@127.0.0.1", &err))
		abort();
	shake(tls, (struct span){ (const char *)data + 1, size - 1 }, 1 + (size_t)data[0] * 8);
	return 0;
}
