// SPDX-License-Identifier: Apache-2.0
/* cms.h - signatures of a team that has a PKI: CMS (RFC 5652), detached, with the certificates of
 * who signed.
 */
#pragma once
#include "base/names.h"
#include "release/trust/key.h"

enum { CMS_MAX = 256 << 10 };

/* Appends the signature in DER.
 *
 * certificate   a file in PEM: that of the key, then those between it and the authority
 *
 * ERROR_USAGE: none in there, or not of that key.
 */
must_check int cms_sign(struct str *out, const struct key *key, const char *certificate,
			struct span data, struct error *err);
/* Whether somebody signed `data` whom one of the authorities vouches for: the chain, that every
 * certificate is valid now, that it is one to sign code with, and that it was not revoked, by the
 * CRLs that lie beside the authorities; where there is one, each issuer must have one.
 *
 * authorities   files in PEM
 * subject       who it was; in the arena
 *
 * ERROR_REFUSED says why not.
 */
must_check int cms_verify(const char **subject, struct arena *arena, struct names authorities,
			  struct span data, struct span signature, struct error *err);
