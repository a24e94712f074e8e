// SPDX-License-Identifier: Apache-2.0
/* Shop.Price in C: prices are 64 bit integers, in cents. */
#include <erl_nif.h>

/* Keeps the sum below far from overflowing. */
#define CENTS_MAX 1000000000000

#define TAX 19 /* per cent */

static ERL_NIF_TERM gross(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	ErlNifSInt64 cents;

	(void)argc;
	if (!enif_get_int64(env, argv[0], &cents) || cents < 0 || cents > CENTS_MAX)
		return enif_make_badarg(env);
	return enif_make_int64(env, (cents * (100 + TAX) + 50) / 100);
}

static ErlNifFunc functions[] = {
	{ "gross", 1, gross, 0 },
};

/* No upgrade callback: whoever changes this library has to restart the shop. */
ERL_NIF_INIT(Elixir.Shop.Price, functions, NULL, NULL, NULL, NULL)
