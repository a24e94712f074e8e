// SPDX-License-Identifier: Apache-2.0
/* stage NODE COOKIE FILE BASE [PEER PEER_FILE] - brings a file to a node as BASE.tar.gz, which is
 * to fetch it from another if it can; prints how many bytes went from here.
 */
#include "upgrade/node/stage.h"
#include "base/hash.h"

#include <inttypes.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	owned_parcel struct parcel parcel = { 0 };
	owned_node struct node *node = NULL;
	char md5[HASH_HEX_MAX], sha256[HASH_HEX_MAX];
	struct stage_peer peer = { 0 };
	struct stat info;
	struct error err;
	int64_t sent;

	if (argc != 5 && argc != 7)
		return 2;
	parcel.file = fopen(argv[3], "r");
	if (!parcel.file || fstat(fileno(parcel.file), &info))
		return 2;
	parcel.size = info.st_size;
	if (hash_file_both(argv[3], md5, sha256, &err))
		goto failed;
	memcpy(parcel.md5, md5, sizeof(parcel.md5));
	memcpy(parcel.sha256, sha256, sizeof(parcel.sha256));
	if (argc == 7)
		peer = (struct stage_peer){ argv[5], argv[6], parcel.sha256 };
	if (node_open(&node,
		      &(struct node_options){
			      .name = argv[1], .cookie = argv[2], .timeout_ms = 60000 },
		      &err) ||
	    node_lock(node, node_deadline(node), &err) ||
	    stage_send(&sent, node, argv[4], &parcel, peer.node ? &peer : NULL, false, NULL, NULL,
		       &err))
		goto failed;
	printf("%" PRId64 "\n", sent);
	return 0;
failed:
	fprintf(stderr, "stage: %s\n", err.text);
	return 1;
}
