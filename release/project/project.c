// SPDX-License-Identifier: Apache-2.0
#include "release/project/project.h"

#include "base/file.h"
#include "base/nearest.h"
#include "release/project/project_parts.h"

#include <stdlib.h>

static int wrong(struct project_reader *r, const struct project_field *f, const char *want)
{
	return error_set(r->err, ERROR_INVALID, "%s: %s: want %s",
			 yaml_where(&r->yaml, f->object, f->key), f->path, want);
}

/* ---- kinds of values ---- */

static int get_text(struct project_reader *r, const struct project_field *f, void *into)
{
	const char **out = into;

	if (!json_is_string(f->value) || !json_string_value(f->value)[0])
		return wrong(r, f, "a text (in quotes, if it looks like a number)");
	*out = arena_dup(r->arena, span_of(json_string_value(f->value)));
	return 0;
}

static int get_path(struct project_reader *r, const struct project_field *f, void *into)
{
	const char **out = into, *path;

	if (get_text(r, f, &path))
		return -1;
	*out = path_join(r->arena, r->project->dir, path);
	return 0;
}

/* A folder, or the URL of a store elsewhere: then releases are put into the folder that is used
 * when nothing is said.
 */
static int get_store(struct project_reader *r, const struct project_field *f, void *into)
{
	const char *store;

	if (get_text(r, f, &store))
		return -1;
	if (strstr(store, "://"))
		r->project->remote = store;
	else
		*(const char **)into = path_join(r->arena, r->project->dir, store);
	return 0;
}

/* A file that would be taken when nothing is said can be left out: false. */
static int get_file(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!json_is_false(f->value))
		return get_path(r, f, into);
	*(const char **)into = NULL;
	return 0;
}

static int get_list(struct project_reader *r, const struct project_field *f, struct names *out,
		    int (*get)(struct project_reader *r, const struct project_field *f, void *into))
{
	const char **items = arena_array(r->arena, json_array_size(f->value), const char *);
	const json_t *item;
	size_t i;

	if (!json_is_array(f->value))
		return wrong(r, f, "a list: [one, two]");
	json_array_foreach (f->value, i, item) {
		struct project_field element = { f->object, f->key, f->path, item };

		if (get(r, &element, &items[i]))
			return -1;
	}
	*out = (struct names){ items, json_array_size(f->value) };
	return 0;
}

static int get_texts(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_list(r, f, into, get_text);
}

static int get_paths(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_list(r, f, into, get_path);
}

int project_get_bool(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!json_is_boolean(f->value))
		return wrong(r, f, "true or false");
	*(bool *)into = json_is_true(f->value);
	return 0;
}

/* ---- single keys ---- */

bool cookie_fits(const char *cookie)
{
	size_t len = strlen(cookie);

	for (size_t i = 0; i < len; i++)
		if (cookie[i] <= ' ' || cookie[i] > '~')
			return false;
	return len > 0 && len <= TERM_ATOM_MAX && !strchr("-+", cookie[0]);
}

/* It becomes the name of a script, and a word in it. */
static int get_release(struct project_reader *r, const struct project_field *f, void *into)
{
	const char *name;

	if (get_text(r, f, &name))
		return -1;
	if (!name_is_word(name))
		return wrong(r, f, "a name of letters, digits and _ . -");
	*(const char **)into = name;
	return 0;
}

static int get_version_from(struct project_reader *r, const struct project_field *f)
{
	const char *from = json_string_value(json_object_get(f->value, "from"));

	if (json_object_size(f->value) != 1 || !from ||
	    (strcmp(from, "app") != 0 && strcmp(from, "git") != 0))
		return wrong(r, f, "a version such as \"1.4.0\", or {from: app}, or {from: git}");
	r->project->version_from = strcmp(from, "app") == 0 ? VERSION_APP : VERSION_GIT;
	return 0;
}

static int get_version(struct project_reader *r, const struct project_field *f, void *into)
{
	const char *version;

	if (json_is_object(f->value))
		return get_version_from(r, f);
	if (get_text(r, f, &version))
		return -1;
	if (!version_is_word(version))
		return wrong(r, f, "a version of letters, digits and _ . - + ~");
	r->project->version_from = VERSION_TEXT;
	*(const char **)into = version;
	return 0;
}

static int get_start_type(struct project_reader *r, const struct project_field *f,
			  enum start_type *out)
{
	for (int t = START_PERMANENT; t <= START_NONE; t++)
		if (json_is_string(f->value) &&
		    strcmp(json_string_value(f->value), start_type_name((enum start_type)t)) == 0) {
			*out = (enum start_type)t;
			return 0;
		}
	return wrong(r, f, "permanent, transient, temporary, load or none");
}

static int get_apps(struct project_reader *r, const struct project_field *f, void *into)
{
	struct project_app *apps =
		arena_array(r->arena, json_object_size(f->value), struct project_app);
	const char *name;
	json_t *type;
	size_t n = 0;

	(void)into;
	if (!json_is_object(f->value) || json_object_size(f->value) == 0)
		return wrong(r, f, "{name: start type}, such as {shop: permanent}");
	json_object_foreach ((json_t *)(uintptr_t)f->value, name, type) {
		struct project_field app = { f->value, name, f->path, type };

		apps[n].name = arena_dup(r->arena, span_of(name));
		if (get_start_type(r, &app, &apps[n++].type))
			return -1;
	}
	r->project->apps = apps;
	r->project->apps_len = n;
	return 0;
}

/* {osiris: [osiris_sup]} */
static int get_registered(struct project_reader *r, const struct project_field *f, void *into)
{
	struct registered *items =
		arena_array(r->arena, json_object_size(f->value), struct registered);
	const char *name;
	json_t *list;
	size_t n = 0;

	(void)into;
	if (!json_is_object(f->value))
		return wrong(r, f, "{application: [names]}");
	json_object_foreach ((json_t *)(uintptr_t)f->value, name, list) {
		struct project_field names = { f->value, name,
					       arena_printf(r->arena, "%s.%s", f->path, name),
					       list };

		items[n].app = arena_dup(r->arena, span_of(name));
		if (get_texts(r, &names, &items[n++].names))
			return -1;
	}
	r->project->registered = items;
	r->project->registered_len = n;
	return 0;
}

static int get_erts(struct project_reader *r, const struct project_field *f, void *into)
{
	const char **out = into;

	if (get_text(r, f, out))
		return -1;
	if (strcmp(*out, "include") != 0 && strcmp(*out, "none") != 0)
		*out = path_join(r->arena, r->project->dir, *out);
	return 0;
}

/* What the VM's command line leaves alone, and OTP's own file of a cookie may hold. */
static int get_cookie(struct project_reader *r, const struct project_field *f, void *into)
{
	if (get_text(r, f, into))
		return -1;
	if (!cookie_fits(*(const char **)into))
		return wrong(r, f, COOKIE_WANTED);
	return 0;
}

/* As it is written: 1.10 stays 1.10. */
static int get_scalar(struct project_reader *r, const struct project_field *f, const char **out)
{
	const char *text = yaml_scalar(&r->yaml, f->object, f->key);

	if (!text || json_is_null(f->value))
		return wrong(r, f, "a text, a number, true or false");
	*out = arena_dup(r->arena, span_of(text));
	return 0;
}

static int get_vars(struct project_reader *r, const struct project_field *f, void *into)
{
	struct project_var *vars =
		arena_array(r->arena, json_object_size(f->value), struct project_var);
	const char *name;
	json_t *value;
	size_t n = 0;

	(void)into;
	if (!json_is_object(f->value))
		return wrong(r, f, "{name: value}");
	json_object_foreach ((json_t *)(uintptr_t)f->value, name, value) {
		struct project_field var = { f->value, name,
					     arena_printf(r->arena, "%s.%s", f->path, name),
					     value };

		vars[n].name = arena_dup(r->arena, span_of(name));
		if (get_scalar(r, &var, &vars[n++].value))
			return -1;
	}
	r->project->overlay_vars = vars;
	r->project->overlay_vars_len = n;
	return 0;
}

/* Of Elixir, Shop.Release.told, or of Erlang, shop_release:told. */
static bool names_function(const char *text)
{
	size_t len = strspn(text,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@?!");
	const char *colon = strchr(text, ':'), *dot = strrchr(text, '.');
	const char *cut = colon ? colon : dot;

	return text[len] == '\0' && len < 256 && cut && cut > text && cut[1] &&
	       !strchr(cut + 1, ':');
}

static int get_functions(struct project_reader *r, const struct project_field *f, void *into)
{
	const struct names *names = into;

	if (get_texts(r, f, into))
		return -1;
	for (size_t i = 0; i < names->len; i++)
		if (!names_function(names->items[i]))
			return wrong(r, f, "functions such as Shop.Release.told or shop:told");
	return 0;
}

static int get_releases(struct project_reader *r, const struct project_field *f, void *into)
{
	const json_t *item;
	size_t i;

	(void)into;
	if (r->inside || !json_is_array(f->value) || json_array_size(f->value) == 0)
		return wrong(r, f, "a list of releases, at the top of the file only");
	json_array_foreach (f->value, i, item)
		if (!json_is_string(json_object_get(item, "release")))
			return wrong(r, f, "a name in each: [{release: NAME, …}, …]");
	r->releases = f->value;
	return 0;
}

/* clang-format off */
#define AT(member) offsetof(struct project, member)
const struct project_key project_keys[] = {
	{ "release", "name", "(required)", "name of the release", get_release, AT(release) },
	{ "version", "text, {from: app} or {from: git}", "{from: app}",
	  "its version: this text, that of the first application, or what git describe says",
	  get_version, AT(version) },
	{ "applications", "{name: start type}", "(required)",
	  "what to start: permanent, transient, temporary, load or none", get_apps, AT(apps) },
	{ "skip_mode_validation_for", "list of applications", "[]",
	  "these may be started although what they need is only loaded, or not even that",
	  get_texts, AT(skip_mode_validation) },
	{ "registered", "{application: list of names}", "what their .app files say",
	  "the names that an application registers, where its .app claims one that another's has",
	  get_registered, 0 },
	{ "releases", "list of such keys", "(one release)",
	  "several releases; keys outside of the list count for all: relevo build NAME",
	  get_releases, 0 },
	{ "default_release", "name", "(none)", "the one that is built when no name is given",
	  get_text, AT(default_release) },
	{ "libs", "list of folders", "_build/prod/lib, or _build/default/lib",
	  "where the compiled applications are", get_paths, AT(libs) },
	{ "erts", "include, none or a folder", "include",
	  "the runtime system that is packed: of the OTP in PATH, none at all (the one of the host is "
	  "used), or of the OTP in that folder", get_erts, AT(erts) },
	{ "strip", "true or false", "true", "leave debug information and docs out of the modules",
	  project_get_bool, AT(strip) },
	{ "include_src", "true or false", "false", "pack src/ and include/ of the applications too",
	  project_get_bool, AT(include_src) },
	{ "cookie", "text", "(made at the first start)",
	  "the cookie; whoever has the tarball has it then", get_cookie, AT(cookie) },
	{ "config.sys", "file or false",
	  "config/config.exs, config/sys.config or config/sys.config.src when it is there",
	  "configuration: a sys.config, an .exs that is evaluated now, or a .src in which ${NAME} and "
	  "${NAME:-DEFAULT} are what the environment says at each start", get_file,
	  AT(sys_config) },
	{ "config.runtime", "file or false", "config/runtime.exs when it is there",
	  "configuration that is evaluated at every start", get_file, AT(runtime_config) },
	{ "config.providers", "list of texts", "[]",
	  "more configuration providers: \"{Module, argument}\" in Elixir", get_texts,
	  AT(providers) },
	{ "config.reboot_system_after_config", "true or false", "false",
	  "providers may configure kernel and stdlib: the VM boots twice", project_get_bool,
	  AT(reboot_after_config) },
	{ "config.prune_runtime_sys_config_after_boot", "true or false", "false",
	  "with the reboot: remove the file that holds what providers read; bin/NAME restart needs it", project_get_bool,
	  AT(prune_after_boot) },
	{ "config.start_distribution_during_config", "true or false", "false",
	  "with the reboot: be a node while providers run", project_get_bool,
	  AT(distribution_during_config) },
	{ "config.validate_compile_env", "true or false", "true",
	  "with providers: refuse to start where values differ from those compiled in", project_get_bool,
	  AT(validate_compile_env) },
	{ "config.vm_args", "file", "rel/vm.args.eex or rel/vm.args, else built in",
	  "flags of the VM; an .eex file is evaluated with @release, a .src as that of config.sys",
	  get_path, AT(vm_args) },
	{ "config.remote_vm_args", "file", "rel/remote.vm.args.eex or rel/remote.vm.args, else built in",
	  "flags of the VM that remote, rpc and the like start", get_path, AT(remote_vm_args) },
	{ "config.env", "file", "rel/env.sh.eex or rel/env.sh, else built in",
	  "shell script that bin/NAME reads first", get_path, AT(env) },
	{ "templates", "folder", "rel", "where vm.args.eex and the others, and overlays/, are",
	  get_path, AT(templates) },
	{ "overlays", "list of folders", "rel/overlays when it is there",
	  "files that are copied over the finished tree; {{name}} in those that end in .mustache is "
	  "replaced", get_paths, AT(overlays) },
	{ "overlay_vars", "{name: value}", "{}",
	  "for .mustache files, besides release_name, release_version and erts_version", get_vars,
	  AT(overlay_vars) },
	{ "links_to", "list of folders", "[]",
	  "folders outside of the project from which files are packed when links in priv, ebin or overlays lead "
	  "there", get_paths, AT(links_to) },
	{ "hooks.before", "shell command", "(none)",
	  "run in the project before anything is read, with RELEASE_NAME", get_text,
	  AT(hook_before) },
	{ "hooks.after", "shell command", "(none)",
	  "run when the tree is made but not packed, with RELEASE_NAME, RELEASE_VSN and RELEASE_ROOT",
	  get_text, AT(hook_after) },
	{ "store", "folder or URL", "releases",
	  "where finished releases are kept: a folder; or where they are shared, https://… or oci://…: then relevo "
	  "build puts them into releases/, and what is not there is pulled", get_store, AT(store) },
	{ "upgrade.from", "list of versions", "[]",
	  "versions to make a relup from; \"previous\" is the newest one in the store that is older than "
	  "the one that is built", get_texts,
	  AT(upgrade_from) },
	{ "upgrade.allow", "list of codes", "[]",
	  "reasons of the plan that do not count in this project, as with --allow", get_texts,
	  AT(upgrade_allow) },
	{ "upgrade.keep_assets", "true or false", "true",
	  "carry static files with a digest in their names, of the releases in \"from\", into priv/static of "
	  "applications with a cache_manifest.json, for pages that are open", project_get_bool,
	  AT(keep_assets) },
	{ "upgrade.after", "list of functions", "[]",
	  "called on each node after it was upgraded or taken back, with the version before and the one now: "
	  "Shop.Release.told or shop_release:told", get_functions, AT(upgrade_after) },
	{ "trust.keys", "list of files", "[]",
	  "public keys: only releases that one of them signed are used here", get_paths,
	  AT(trust_keys) },
	{ "trust.authorities", "list of files", "[]",
	  "certificates of authorities, and their CRLs: also what somebody signed whom one of them vouches for is used here",
	  get_paths, AT(trust_authorities) },
	{ "trust.require_signature", "true or false", "true where there are keys",
	  "nothing is used here that is not signed, also where no key is named", project_get_bool, AT(trust_required) },
	{ "trust.minimum", "version", "(any)", "no release older than this one is used here", get_text,
	  AT(trust_minimum) },
	{ "upgrade.appups", "folder", "(none)",
	  "appups written by hand: FROM-TO/APP.appup; they win over generated ones", get_path,
	  AT(appups) },
	{ "targets", "{name: keys}", "{}", "fleets to deploy to: relevo help config, below",
	  project_get_targets, AT(targets) },
	{ "state.file", "file", "$XDG_STATE_HOME/relevo/relevo.db",
	  "where rollouts are written down, when one machine deploys", get_path, AT(state_file) },
	{ "state.etcd", "list of URLs", "(the file)",
	  "the same in etcd (3.4 or newer), when several machines deploy", project_get_endpoints,
	  AT(etcd.endpoints) },
	{ "state.ca", "file", "the system's", "the authority (PEM) that vouches for etcd", get_path,
	  AT(etcd.ca) },
	{ "state.cert", "file", "(none)", "the certificate (PEM) to show to etcd", get_path,
	  AT(etcd.cert) },
	{ "state.key", "file", "(none)", "the key (PEM) of state.cert", get_path, AT(etcd.key) },
	{ "state.user", "name", "(none)", "a user of etcd", get_text, AT(etcd.user) },
	{ "state.password_file", "file", "(none)", "where the user's password is", get_path,
	  AT(etcd.password_file) },
	{ "state.password_env", "name", "(none)", "the environment variable that it is in", get_text,
	  AT(etcd.password_env) },
	{ "state.prefix", "text", "relevo/RELEASE", "what all keys in etcd begin with", get_text,
	  AT(etcd.prefix) },
	{ "state.lease", "time", "15s",
	  "how long the lock in etcd outlives a relevo that was killed; it waits twice as long for an "
	  "etcd that does not answer", project_get_lease, AT(etcd.lease_ms) },
	{ NULL, NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

/* ---- the file ---- */

/* The row of a key, or of the first one below it when it is a group. */
static const struct project_key *find_key(const struct project_key *keys, const char *path,
					  bool *group)
{
	size_t len = strlen(path);

	for (const struct project_key *key = keys; key->path; key++) {
		*group = strncmp(key->path, path, len) == 0 && key->path[len] == '.';
		if (*group || strcmp(key->path, path) == 0)
			return key;
	}
	return NULL;
}

static int unknown_key(struct project_reader *r, const struct project_field *f)
{
	struct nearest nearest = nearest_to(f->path);

	for (const struct project_key *key = r->keys; key->path; key++)
		nearest_try(&nearest, key->path);
	error_set_(r->err, ERROR_INVALID, "%s: there is no key \"%s\"",
		   yaml_where(&r->yaml, f->object, f->key), f->path);
	if (nearest_best(&nearest))
		return error_hint(r->err, "Did you mean \"%s\"?", nearest_best(&nearest));
	return error_hint(r->err, "See: relevo help config");
}

static int read_keys(struct project_reader *r, const json_t *object, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		const char *path = prefix[0] ? arena_printf(r->arena, "%s.%s", prefix, key)
					     : arena_dup(r->arena, span_of(key));
		struct project_field field = { object, key, path, value };
		const struct project_key *found;
		bool group = false;
		int ret;

		found = find_key(r->keys, path, &group);
		if (!found)
			ret = unknown_key(r, &field);
		else if (!group)
			ret = found->read(r, &field, (char *)r->into + found->offset);
		else if (!json_is_object(value))
			ret = wrong(r, &field, "keys below it");
		else
			ret = read_keys(r, value, path);
		if (ret)
			return -1;
	}
	return 0;
}

/* ---- for target.c ---- */

int project_wrong(struct project_reader *r, const struct project_field *f, const char *want)
{
	return wrong(r, f, want);
}

int project_get_text(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_text(r, f, into);
}

int project_get_path(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_path(r, f, into);
}

int project_get_texts(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_texts(r, f, into);
}

int project_read_keys(struct project_reader *r, const json_t *object, const char *prefix)
{
	return read_keys(r, object, prefix);
}

/* ---- which of several ---- */

static const json_t *find_release(struct project_reader *r, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (r->releases, i, item)
		if (strcmp(json_string_value(json_object_get(item, "release")), name) == 0)
			return item;
	return NULL;
}

static const char *list_releases(struct project_reader *r)
{
	owned_str struct str list = STR_EMPTY;
	const json_t *item;
	size_t i;

	json_array_foreach (r->releases, i, item)
		str_addf(&list, "%s%s", i ? ", " : "",
			 json_string_value(json_object_get(item, "release")));
	return arena_dup(r->arena, str_span(&list));
}

static int no_such_release(struct project_reader *r, const char *name, const char *there)
{
	error_set_(r->err, ERROR_NOT_FOUND, "%s: there is no release \"%s\"", r->project->file,
		   name);
	return error_hint(r->err, "There is: %s", there);
}

static int choose_release(struct project_reader *r, const char *name)
{
	const json_t *item;

	if (!name && json_array_size(r->releases) == 1)
		return read_keys(r, json_array_get(r->releases, 0), "");
	if (!name)
		name = r->project->default_release;
	if (!name) {
		error_set_(r->err, ERROR_USAGE, "%s describes several releases: %s",
			   r->project->file, list_releases(r));
		return error_hint(r->err, "Name one, or set \"default_release\".");
	}
	item = find_release(r, name);
	return item ? read_keys(r, item, "") : no_such_release(r, name, list_releases(r));
}

/* The keys of the file, then those of the chosen release over them. */
static int read_all(struct project_reader *r, const char *name)
{
	if (!json_is_object(r->yaml.root))
		return error_set(r->err, ERROR_INVALID, "%s: want keys and values",
				 r->project->file);
	if (read_keys(r, r->yaml.root, ""))
		return -1;
	if (r->releases) {
		r->inside = true;
		return choose_release(r, name);
	}
	if (name && r->project->release && strcmp(name, r->project->release) != 0)
		return no_such_release(r, name, r->project->release);
	return 0;
}

/* ---- what is not said ---- */

static const char *if_there(struct project_reader *r, const char *path)
{
	const char *full = path_join(r->arena, r->project->dir, path);

	return path_exists(full) ? full : NULL;
}

static const char *either(const char *first, const char *second)
{
	return first ? first : second;
}

/* A list of one, or of none. */
static struct names one(struct project_reader *r, const char *item)
{
	const char **items = arena_array(r->arena, 1, const char *);

	items[0] = item;
	return (struct names){ items, item ? 1 : 0 };
}

static void set_defaults(struct project_reader *r)
{
	*r->project = (struct project){
		.file = r->project->file,
		.dir = r->project->dir,
		.version_from = VERSION_APP,
		.libs = one(r, either(if_there(r, "_build/prod/lib"),
				      if_there(r, "_build/default/lib"))),
		.erts = "include",
		.strip = true,
		.keep_assets = true,
		.validate_compile_env = true,
		.sys_config = either(if_there(r, "config/config.exs"),
				     either(if_there(r, "config/sys.config"),
					    if_there(r, "config/sys.config.src"))),
		.runtime_config = if_there(r, "config/runtime.exs"),
		.templates = path_join(r->arena, r->project->dir, "rel"),
		.store = path_join(r->arena, r->project->dir, "releases"),
	};
}

/* NAME.eex, or NAME, of the folder of templates. */
static void find_template(struct project_reader *r, const char **file, const char *name)
{
	const char *plain = path_join(r->arena, r->project->templates, name);

	if (!*file)
		*file = either(if_there(r, arena_printf(r->arena, "%s.eex", plain)),
			       if_there(r, plain));
}

static void find_templates(struct project_reader *r)
{
	struct project *p = r->project;
	const char *overlays = path_join(r->arena, p->templates, "overlays");
	const char **items = arena_array(r->arena, p->overlays.len + 1, const char *);
	size_t len = 0;

	find_template(r, &p->vm_args, "vm.args");
	find_template(r, &p->remote_vm_args, "remote.vm.args");
	find_template(r, &p->env, "env.sh");
	if (path_is_dir(overlays) && !names_have(p->overlays, overlays))
		items[len++] = overlays;
	for (size_t i = 0; i < p->overlays.len; i++)
		items[len++] = p->overlays.items[i];
	p->overlays = (struct names){ items, len };
}

static int check_whole(struct project_reader *r)
{
	const struct project *p = r->project;

	if (!p->release)
		return error_set(r->err, ERROR_INVALID, "%s: the key \"release\" is missing",
				 p->file);
	if (!p->apps)
		return error_set(r->err, ERROR_INVALID, "%s: the key \"applications\" is missing",
				 p->file);
	return project_check_state(r);
}

int project_read_release(struct project **out, struct arena *arena, const char *path,
			 const char *name, struct error *err)
{
	struct project_reader r = { .arena = arena, .err = err };
	int ret;

	r.project = arena_new(arena, struct project);
	r.project->file = path_is_dir(path) ? path_join(arena, path, "relevo.yaml")
					    : arena_dup(arena, span_of(path));
	if (path_real(&r.project->dir, arena, path_dir(arena, r.project->file), err))
		return -1;
	if (!path_exists(r.project->file)) {
		error_set_(err, ERROR_NOT_FOUND,
			   path_exists(path) ? "no %s here" : "there is no %s", r.project->file);
		return error_hint(err, "Write one (relevo init), or say where it is: -C DIR");
	}
	if (yaml_read(&r.yaml, r.project->file, err))
		return -1;
	set_defaults(&r);
	r.keys = project_keys;
	r.into = r.project;
	ret = read_all(&r, name) || check_whole(&r);
	yaml_done(&r.yaml);
	if (ret)
		return -1;
	find_templates(&r);
	*out = r.project;
	return 0;
}

int project_read(struct project **out, struct arena *arena, const char *path, struct error *err)
{
	return project_read_release(out, arena, path, NULL, err);
}
