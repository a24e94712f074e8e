// SPDX-License-Identifier: Apache-2.0
#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static bool look_up(const struct library *library)
{
	void *handle = dlopen(library->file, RTLD_NOW);

	for (size_t i = 0; handle && i < library->len; i++) {
		void *found = dlsym(handle, library->functions[i].name);

		if (!found)
			return false;
		memcpy(library->functions[i].into, &found, sizeof(found));
	}
	return handle != NULL;
}

static void take_linked(const struct library *library)
{
	for (size_t i = 0; i < library->len; i++)
		memcpy(library->functions[i].into, &library->functions[i].linked,
		       sizeof(library->functions[i].linked));
}

static int load(const struct library *library, struct error *err)
{
	if (library->functions[0].linked) {
		take_linked(library);
		return 0;
	}
	if (look_up(library))
		return 0;
	error_set_(err, ERROR_FAILED, "%s", dlerror());
	return error_hint(err, "%s", library->hint);
}

int library_load(struct library *library, struct error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int ret = 0;

	if (atomic_load_explicit(&library->loaded, memory_order_acquire))
		return 0;
	pthread_mutex_lock(&lock);
	if (!library->loaded)
		ret = load(library, err);
	if (ret == 0)
		atomic_store_explicit(&library->loaded, true, memory_order_release);
	pthread_mutex_unlock(&lock);
	return ret;
}
