target_sources(specola_node PRIVATE core.c ctl_client.c pipe.c serve.c)
