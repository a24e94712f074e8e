// SPDX-License-Identifier: Apache-2.0
#include "base/serve.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

enum { CONNECTIONS_MAX = 64, IDLE_SECONDS = 60, NAMES_MAX = 32, NAME_MAX_LEN = 256 };

/* Loaded when it is first wanted, as libcurl is (base/http.c). */
struct library {
	__typeof__(&MHD_start_daemon) start;
	__typeof__(&MHD_stop_daemon) stop;
	__typeof__(&MHD_run) run;
	__typeof__(&MHD_get_timeout) timeout;
	__typeof__(&MHD_get_daemon_info) daemon_info;
	__typeof__(&MHD_get_connection_info) connection_info;
	__typeof__(&MHD_lookup_connection_value) header;
	__typeof__(&MHD_suspend_connection) suspend;
	__typeof__(&MHD_resume_connection) resume;
	__typeof__(&MHD_create_response_from_buffer) response;
	__typeof__(&MHD_add_response_header) add_header;
	__typeof__(&MHD_queue_response) queue;
	__typeof__(&MHD_destroy_response) destroy;
};

struct trusting {
	__typeof__(&gnutls_certificate_verify_peers) verify;
	__typeof__(&gnutls_certificate_get_peers) peers;
	__typeof__(&gnutls_x509_crt_init) init;
	__typeof__(&gnutls_x509_crt_import) import;
	__typeof__(&gnutls_x509_crt_deinit) deinit;
	__typeof__(&gnutls_x509_crt_get_dn_by_oid) subject;
	__typeof__(&gnutls_x509_crt_get_subject_alt_name) alternative;
};

struct serve {
	struct library lib;
	struct trusting trust;
	struct serve_options options;
	char *client;
	struct MHD_Daemon *daemon;
	int fd;
	size_t waiting;
};

struct exchange {
	struct serve *serve;
	struct MHD_Connection *connection;
	char *method, *path;
	struct str body;
	bool told; /* the handler knows of it */
	bool held; /* its connection is suspended */
	bool too_big;
	unsigned status; /* 0: not answered yet */
	const char *type;
	struct str answer;
};

/* ---- the libraries ---- */

struct symbol {
	void *into;
	const char *name;
};

static int load_from(const char *file, const struct symbol *symbols, size_t len, struct error *err)
{
	void *handle = dlopen(file, RTLD_NOW);

	for (size_t i = 0; handle && i < len; i++)
		if (!(*(void **)symbols[i].into = dlsym(handle, symbols[i].name)))
			handle = NULL;
	if (handle)
		return 0;
	error_set_(err, ERROR_FAILED, "HTTP: %s", dlerror());
	return error_hint(err,
			  "HTTP is served with libmicrohttpd and GnuTLS: install libmicrohttpd12.");
}

static int load(struct serve *serve, struct error *err)
{
	struct library *lib = &serve->lib;
	struct trusting *trust = &serve->trust;
	const struct symbol http[] = {
		{ &lib->start, "MHD_start_daemon" },
		{ &lib->stop, "MHD_stop_daemon" },
		{ &lib->run, "MHD_run" },
		{ &lib->timeout, "MHD_get_timeout" },
		{ &lib->daemon_info, "MHD_get_daemon_info" },
		{ &lib->connection_info, "MHD_get_connection_info" },
		{ &lib->header, "MHD_lookup_connection_value" },
		{ &lib->suspend, "MHD_suspend_connection" },
		{ &lib->resume, "MHD_resume_connection" },
		{ &lib->response, "MHD_create_response_from_buffer" },
		{ &lib->add_header, "MHD_add_response_header" },
		{ &lib->queue, "MHD_queue_response" },
		{ &lib->destroy, "MHD_destroy_response" },
	};
	const struct symbol tls[] = {
		{ &trust->verify, "gnutls_certificate_verify_peers" },
		{ &trust->peers, "gnutls_certificate_get_peers" },
		{ &trust->init, "gnutls_x509_crt_init" },
		{ &trust->import, "gnutls_x509_crt_import" },
		{ &trust->deinit, "gnutls_x509_crt_deinit" },
		{ &trust->subject, "gnutls_x509_crt_get_dn_by_oid" },
		{ &trust->alternative, "gnutls_x509_crt_get_subject_alt_name" },
	};

	return load_from("libmicrohttpd.so.12", http, ARRAY_LEN(http), err) ||
			       load_from("libgnutls.so.30", tls, ARRAY_LEN(tls), err)
		       ? -1
		       : 0;
}

/* ---- who asks ---- */

static bool is_name(const char *name, const char *found, size_t len)
{
	return len == strlen(name) && memcmp(name, found, len) == 0;
}

/* As it stands there: a certificate with "*" in it is nobody's in particular. */
static bool has_name(const struct trusting *trust, gnutls_x509_crt_t cert, const char *name)
{
	char found[NAME_MAX_LEN];
	size_t len = sizeof(found);

	for (unsigned i = 0; i < NAMES_MAX; i++, len = sizeof(found)) {
		int kind = trust->alternative(cert, i, found, &len, NULL);

		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (kind == GNUTLS_SAN_DNSNAME && is_name(name, found, len))
			return true;
	}
	len = sizeof(found);
	return trust->subject(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, found, &len) == 0 &&
	       is_name(name, found, len);
}

static bool is_client(const struct serve *serve, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		serve->lib.connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info ? info->tls_session : NULL;
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	const gnutls_datum_t *shown;
	gnutls_x509_crt_t cert;
	unsigned status = 0, len = 0;
	bool known;

	if (!session || serve->trust.verify(session, &purpose, 1, &status) || status != 0)
		return false;
	shown = serve->trust.peers(session, &len);
	if (!shown || len == 0 || serve->trust.init(&cert))
		return false;
	known = serve->trust.import(cert, &shown[0], GNUTLS_X509_FMT_DER) == 0 &&
		has_name(&serve->trust, cert, serve->client);
	serve->trust.deinit(cert);
	return known;
}

/* ---- answering ---- */

static enum MHD_Result send_answer(struct exchange *e)
{
	const struct library *lib = &e->serve->lib;
	struct MHD_Response *response =
		lib->response(e->answer.len, e->answer.ptr, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	lib->add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, e->type);
	ret = lib->queue(e->connection, e->status, response);
	lib->destroy(response);
	return ret;
}

void exchange_answer(struct exchange *e, unsigned status, const char *type, struct span body)
{
	if (e->status != 0)
		abort();
	e->status = status;
	e->type = type;
	str_add(&e->answer, body);
	if (!e->held)
		return;
	e->held = false;
	e->serve->lib.resume(e->connection);
}

static enum MHD_Result refuse(struct exchange *e, unsigned status, const char *code,
			      const char *message)
{
	owned_str struct str text = STR_EMPTY;

	str_addf(&text, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, message);
	exchange_answer(e, status, "application/json", str_span(&text));
	return send_answer(e);
}

/* ---- being asked ---- */

static void take_body(struct exchange *e, const char *data, size_t len)
{
	e->too_big = e->too_big || len > e->serve->options.body_max - e->body.len;
	if (!e->too_big)
		str_add(&e->body, (struct span){ data, len });
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *data, size_t *data_len, void **state)
{
	struct serve *serve = context;
	struct exchange *e = *state;

	(void)version;
	if (!e) {
		e = mem_zero(1, sizeof(*e));
		*state = e;
		*e = (struct exchange){ .serve = serve, .connection = connection };
		e->method = mem_dup(method);
		e->path = mem_dup(path);
		if (serve->client && !is_client(serve, connection))
			return refuse(e, MHD_HTTP_FORBIDDEN, "forbidden",
				      "your certificate is not one that may ask here");
		return MHD_YES;
	}
	if (*data_len > 0) {
		take_body(e, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	if (e->too_big && e->status == 0)
		return refuse(e, MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "the body is too long");
	if (!e->told) {
		e->told = true;
		serve->waiting++;
		serve->options.handle(serve->options.context, e);
	}
	if (e->status != 0)
		return send_answer(e);
	e->held = true;
	serve->lib.suspend(connection);
	return MHD_YES;
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct serve *serve = context;
	struct exchange *e = *state;

	(void)connection, (void)code;
	if (!e)
		return;
	serve->waiting -= e->told;
	free(e->method);
	free(e->path);
	str_done(&e->body);
	str_done(&e->answer);
	free(e);
	*state = NULL;
}

const char *exchange_method(const struct exchange *e)
{
	return e->method;
}

const char *exchange_path(const struct exchange *e)
{
	return e->path;
}

struct span exchange_body(const struct exchange *e)
{
	return str_span(&e->body);
}

const char *exchange_header(const struct exchange *e, const char *name)
{
	return e->serve->lib.header(e->connection, MHD_HEADER_KIND, name);
}

/* ---- listening ---- */

static int find_address(struct addrinfo **out, const char *text, struct error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(text, ':');
	bool six = colon && text[0] == '[' && colon > text && colon[-1] == ']';
	char host[64] = "";

	if (!colon || colon - text >= (ptrdiff_t)sizeof(host))
		return error_set(err, ERROR_USAGE, "%s is no ADDRESS:PORT", text);
	memcpy(host, text + six, (size_t)(colon - text) - 2 * (size_t)six);
	if (getaddrinfo(host[0] ? host : "0.0.0.0", colon + 1, &hints, out))
		return error_set(err, ERROR_USAGE, "%s is no ADDRESS:PORT", text);
	return 0;
}

static struct MHD_Daemon *start(struct serve *serve, const struct addrinfo *address)
{
	const struct serve_options *options = &serve->options;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
			 (options->cert ? (unsigned)MHD_USE_TLS : 0) |
			 (address->ai_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key },
		{ MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)options->ca },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return serve->lib.start(flags, 0, NULL, NULL, on_request, serve, MHD_OPTION_SOCK_ADDR,
				address->ai_addr, MHD_OPTION_NOTIFY_COMPLETED, on_end, serve,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
				MHD_OPTION_ARRAY, options->cert ? tls : none, MHD_OPTION_END);
}

static int listen_at(struct serve *serve, struct error *err)
{
	const char *text = serve->options.address;
	const union MHD_DaemonInfo *info;
	struct addrinfo *address;

	if (find_address(&address, text, err))
		return -1;
	serve->daemon = start(serve, address);
	freeaddrinfo(address);
	if (!serve->daemon)
		return error_set(err, ERROR_FAILED,
				 "cannot serve at %s: the port is taken, or the certificate, the "
				 "key and the authority are no PEM that belong together",
				 text);
	info = serve->lib.daemon_info(serve->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	serve->fd = info ? info->epoll_fd : -1;
	return 0;
}

int serve_open(struct serve **out, const struct serve_options *options, struct error *err)
{
	struct serve *serve = mem_zero(1, sizeof(*serve));

	serve->options = *options;
	if (options->cert)
		serve->client = mem_dup(options->client);
	if (load(serve, err) || listen_at(serve, err)) {
		serve_close(serve);
		return -1;
	}
	/* They are copied by now. */
	serve->options.cert = serve->options.key = serve->options.ca = NULL;
	*out = serve;
	return 0;
}

void serve_close(struct serve *serve)
{
	if (!serve)
		return;
	if (serve->daemon)
		serve->lib.stop(serve->daemon);
	free(serve->client);
	free(serve);
}

int serve_port(const struct serve *serve)
{
	const union MHD_DaemonInfo *info =
		serve->lib.daemon_info(serve->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

int serve_fd(const struct serve *serve)
{
	return serve->fd;
}

int serve_wait_ms(const struct serve *serve)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (serve->lib.timeout(serve->daemon, &ms) != MHD_YES)
		return -1;
	return ms > 60000 ? 60000 : (int)ms;
}

void serve_turn(struct serve *serve)
{
	serve->lib.run(serve->daemon);
}

size_t serve_waiting(const struct serve *serve)
{
	return serve->waiting;
}
