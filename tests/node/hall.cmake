# The hall and the store. specola_fixture: a federation in one process, for every test of this floor.
add_library(specola_fixture STATIC 
  ${SPECOLA_TESTS_DIR}/node/fixture.c ${SPECOLA_TESTS_DIR}/node/dump.c ${SPECOLA_TESTS_DIR}/node/own_log.c)
target_link_libraries(specola_fixture PUBLIC specola_node PkgConfig::CMOCKA)
specola_test(node store specola_fixture)
specola_test(node hall specola_fixture)
specola_test(node evaluate specola_fixture)
specola_test(node vectors_log specola_fixture)
specola_test(node admit specola_fixture)
specola_test(node query specola_fixture)
specola_test(node query_history specola_fixture)
specola_test(node similar specola_fixture)
specola_test(node export specola_fixture)
specola_test(node federation_node specola_fixture)
