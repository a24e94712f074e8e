// SPDX-License-Identifier: Apache-2.0
/* access.h - how an API server is reached, and who we are there: from kubeconfig files, or from
 * what Kubernetes puts into every pod.
 *
 * Several files are one: of what has the same name in two, the first counts.  Paths in a file are
 * relative to its folder.  What a file has besides is nobody's fault.
 */
#pragma once
#include "base/names.h"
#include "base/yaml.h"

/* A program that says who we are; run without a shell. */
struct kube_exec {
	const char *version; /* "client.authentication.k8s.io/v1"; NULL: there is none */
	const char *command;
	const char *const *args; /* NULL-terminated, as `env` */
	const char *const *env;  /* "NAME=VALUE" */
	const char *hint;        /* how to install it; NULL: nobody knows */
	bool cluster;            /* it wants to know the cluster */
};

struct kube_access {
	const char *name;       /* for messages: "context prod", "this pod" */
	const char *server;     /* an https or http URL without a slash at its end */
	const char *space;      /* the namespace: "default" where nothing is said */
	const char *ca;         /* a PEM file; NULL: see ca_pem, else the system's authorities */
	struct span ca_pem;     /* as all that follows: empty or NULL where it is not there */
	const char *tls_name;   /* the certificate's name, where it is not the server's */
	const char *proxy;      /* a URL */
	bool unchecked;         /* any certificate is good */
	const char *cert, *key; /* PEM files */
	struct span cert_pem, key_pem;
	const char *token, *token_file; /* the file counts where there are both */
	const char *user, *password;
	const char *as; /* whom we act for */
	struct names as_groups;
	struct kube_exec exec; /* only where nothing of the above says who we are */
};

enum { KUBECONFIG_FILES_MAX = 64, KUBECONFIG_ITEMS_MAX = 1000 };

/* $KUBECONFIG, else ~/.kube/config, else, in a pod, what is there.  `file` instead of the first
 * two, `context` instead of the current one; both may be NULL.  Texts in the arena.
 *
 * ERROR_NOT_FOUND: nothing says where Kubernetes is.  ERROR_USAGE: there is no such context.
 * ERROR_INVALID: what a file says is not possible.
 */
must_check int kube_access_find(struct kube_access *out, struct arena *arena, const char *file,
				const char *context, struct error *err);
/* Of parsed files, the first counting; pure, for the fuzzer. */
must_check int kube_access_read(struct kube_access *out, struct arena *arena, struct yaml *files,
				size_t len, const char *context, struct error *err);
