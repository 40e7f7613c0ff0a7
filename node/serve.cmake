# The processes: what each is (net/, core), how they talk (pipe), who starts them (supervisor, child), how commands reach them.
target_sources(specola_node PRIVATE
  child.c confine.c core.c core_courier.c core_gate.c core_notices.c core_orders.c core_requests.c ctl_client.c notices.c notifier.c pipe.c serve.c
  supervisor.c)
