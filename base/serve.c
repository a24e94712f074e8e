// SPDX-License-Identifier: Apache-2.0
#include "base/serve.h"

#include "base/library.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

enum { CONNECTIONS_MAX = 64, IDLE_SECONDS = 60, NAMES_MAX = 32, NAME_MAX_LEN = 256 };

/* Loaded when they are first wanted, as libcurl is (base/http.c). */
/* clang-format off */
#define HTTP_FUNCTIONS(X) \
	X(start_daemon) X(stop_daemon) X(run) X(get_timeout) X(get_daemon_info) X(get_connection_info) \
	X(lookup_connection_value) X(suspend_connection) X(resume_connection) \
	X(create_response_from_buffer) X(add_response_header) X(queue_response) X(destroy_response)
#define TLS_FUNCTIONS(X) \
	X(certificate_verify_peers) X(certificate_get_peers) X(x509_crt_init) X(x509_crt_import) \
	X(x509_crt_deinit) X(x509_crt_get_dn_by_oid) X(x509_crt_get_subject_alt_name)
/* clang-format on */

#define X(name) __typeof__(&MHD_##name) name;
static struct {
	HTTP_FUNCTIONS(X)
} mhd;
#undef X

#define X(name) LIBRARY_FUNCTION(MHD_##name, mhd.name),
static const struct library_function http_functions[] = { HTTP_FUNCTIONS(X) };
#undef X

#define X(name) __typeof__(&gnutls_##name) name;
static struct {
	TLS_FUNCTIONS(X)
} gnutls;
#undef X

#define X(name) LIBRARY_FUNCTION(gnutls_##name, gnutls.name),
static const struct library_function tls_functions[] = { TLS_FUNCTIONS(X) };
#undef X

static struct library http_library =
	LIBRARY("libmicrohttpd.so.12", http_functions,
		"HTTP is served with libmicrohttpd: install libmicrohttpd12.");
static struct library tls_library = LIBRARY("libgnutls.so.30", tls_functions,
					    "HTTPS is served with GnuTLS: install libgnutls30.");

struct serve {
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

/* ---- who asks ---- */

static bool is_name(const char *name, const char *found, size_t len)
{
	return len == strlen(name) && memcmp(name, found, len) == 0;
}

/* As it stands there: a certificate with "*" in it is nobody's in particular. */
static bool has_name(gnutls_x509_crt_t cert, const char *name)
{
	char found[NAME_MAX_LEN];
	size_t len = sizeof(found);

	for (unsigned i = 0; i < NAMES_MAX; i++, len = sizeof(found)) {
		int kind = gnutls.x509_crt_get_subject_alt_name(cert, i, found, &len, NULL);

		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (kind == GNUTLS_SAN_DNSNAME && is_name(name, found, len))
			return true;
	}
	len = sizeof(found);
	return gnutls.x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, found,
					     &len) == 0 &&
	       is_name(name, found, len);
}

static bool is_client(const struct serve *serve, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		mhd.get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info ? info->tls_session : NULL;
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	const gnutls_datum_t *shown;
	gnutls_x509_crt_t cert;
	unsigned status = 0, len = 0;
	bool known;

	if (!session || gnutls.certificate_verify_peers(session, &purpose, 1, &status) ||
	    status != 0)
		return false;
	shown = gnutls.certificate_get_peers(session, &len);
	if (!shown || len == 0 || gnutls.x509_crt_init(&cert))
		return false;
	known = gnutls.x509_crt_import(cert, &shown[0], GNUTLS_X509_FMT_DER) == 0 &&
		has_name(cert, serve->client);
	gnutls.x509_crt_deinit(cert);
	return known;
}

/* ---- answering ---- */

static enum MHD_Result send_answer(struct exchange *e)
{
	struct MHD_Response *response = mhd.create_response_from_buffer(
		e->answer.len, e->answer.ptr, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	mhd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, e->type);
	ret = mhd.queue_response(e->connection, e->status, response);
	mhd.destroy_response(response);
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
	mhd.resume_connection(e->connection);
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
	mhd.suspend_connection(connection);
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
	return mhd.lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
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

	return mhd.start_daemon(flags, 0, NULL, NULL, on_request, serve, MHD_OPTION_SOCK_ADDR,
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
	info = mhd.get_daemon_info(serve->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	serve->fd = info ? info->epoll_fd : -1;
	return 0;
}

int serve_open(struct serve **out, const struct serve_options *options, struct error *err)
{
	struct serve *serve = mem_zero(1, sizeof(*serve));

	serve->options = *options;
	if (options->cert)
		serve->client = mem_dup(options->client);
	/* That of TLS first: the other one needs it, and would be named in its place. */
	if (library_load(&tls_library, err) || library_load(&http_library, err) ||
	    listen_at(serve, err)) {
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
		mhd.stop_daemon(serve->daemon);
	free(serve->client);
	free(serve);
}

int serve_port(const struct serve *serve)
{
	const union MHD_DaemonInfo *info =
		mhd.get_daemon_info(serve->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

int serve_fd(const struct serve *serve)
{
	return serve->fd;
}

int serve_wait_ms(const struct serve *serve)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (mhd.get_timeout(serve->daemon, &ms) != MHD_YES)
		return -1;
	return ms > 60000 ? 60000 : (int)ms;
}

void serve_turn(struct serve *serve)
{
	mhd.run(serve->daemon);
}

size_t serve_waiting(const struct serve *serve)
{
	return serve->waiting;
}
