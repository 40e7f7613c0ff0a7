/*
 * reach: how far an address of the network leads: into the world, into the network of a site, or to this machine and what
 * stands beside it. A member may sign any address; a node that dialled whatever it was told would be an arm of strangers
 * within its own walls.
 */
#ifndef SPECOLA_NODE_NET_REACH_H
#define SPECOLA_NODE_NET_REACH_H

#include "protocol/identity.h"

struct sockaddr;

/* Each holds those above it: who may go to REACH_SITE may go into the world. */
enum reach {
  REACH_WORLD = 0, /* what everybody may dial */
  REACH_SITE,      /* private: RFC 1918, RFC 6598, RFC 4193, and what is set apart for measurements */
  REACH_MACHINE,   /* loopback, unspecified, link-local: this machine and its cable, where services trust who can dial them */
  REACH_NOBODY     /* multicast, broadcast, another family: nothing that is dialled */
};

/* Of an address that is about to be dialled. An IPv4 address within an IPv6 one (mapped, compatible, NAT64, 6to4) is judged as
 * itself. */
enum reach reach_of_socket(const struct sockaddr *to);
/* Of an address as text, "scheme://HOST[:PORT][/PATH]": of its host, if that is written as numbers, or localhost. Any other
 * name, and what cannot be read: REACH_WORLD. */
enum reach reach_of_text(const char *url);
/* How far a node stands into its own walls, by the address that it signed (NULL: none): that of its web; if it tells none, its
 * first endpoint. Without either, where it listens: on the loopback, or for the world. */
enum reach reach_of_node(const struct address *told, const char *listen);

#endif
