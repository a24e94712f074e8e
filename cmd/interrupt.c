// SPDX-License-Identifier: Apache-2.0
#include "cmd/interrupt.h"

#include "cmd/print.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal may come while the next text is written: it lies in the other place until it is whole.
 */
enum { TEXT_MAX = 1000 };
static char texts[2][TEXT_MAX];
static volatile sig_atomic_t current = -1;

/* Only async-signal-safe calls. */
static void say_and_end(int number)
{
	const char *text = current < 0 ? "" : texts[current];
	struct sigaction usual = { .sa_handler = SIG_DFL };

	(void)!write(STDERR_FILENO, text, strlen(text));
	sigaction(number, &usual, NULL);
	raise(number);
}

/* What is ignored (nohup) stays so. */
static void catch_all(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction ours = { .sa_handler = say_and_end }, before;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}

void interrupt_says(const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	int next = current == 0;
	va_list args;

	va_start(args, format);
	print_addv(&text, PRINT_LINE, format, args);
	va_end(args);
	snprintf(texts[next], TEXT_MAX, "\nInterrupted.\n%.900s\n", str_text(&text));
	if (current < 0)
		catch_all();
	current = next;
}
