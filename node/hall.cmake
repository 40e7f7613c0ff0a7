target_sources(specola_node PRIVATE admit.c federation.c ingest.c)
