# The exchange. specola_net_sim: nodes in one process with a transport in memory, for every test of many nodes.
add_library(specola_net_sim STATIC ${SPECOLA_TESTS_DIR}/sim/net_sim.c ${SPECOLA_TESTS_DIR}/sim/liar.c)
target_link_libraries(specola_net_sim PUBLIC specola_fixture)
foreach(name dial scrub exchange exchange_absent exchange_faults exchange_alerts exchange_blame exchange_forks exchange_generation exchange_holds exchange_members exchange_newcomer exchange_suspects restore counters)
  specola_test(node ${name} specola_net_sim)
endforeach()
