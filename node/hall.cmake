target_sources(specola_node PRIVATE
  admission.c admit.c append.c archive.c bodies.c certify.c erasure.c federation.c forks.c guard.c guarding.c head.c
  holdings.c import.c restore.c scrub.c
  ingest.c outbox.c proofs.c pull.c reference.c rights.c verify.c
  windows.c)
