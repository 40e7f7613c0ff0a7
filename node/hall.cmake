target_sources(specola_node PRIVATE
  admission.c admit.c append.c archive.c bodies.c certify.c epochs.c erasure.c federation.c federation_find.c federation_member.c follow.c follow_texts.c forks.c
  forward.c guard.c guarding.c head.c heal.c hiding.c mend.c mend_logs.c mend_logs_anew.c mend_logs_milestones.c replica.c
  holdings.c import.c ingest.c network.c outbox.c proofs.c pull.c quota.c reference.c repair.c rights.c scrub.c verify.c
  invite.c people_orders.c twins.c voter.c windows.c wishes.c)
