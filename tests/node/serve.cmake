specola_test(node pipe specola_node PkgConfig::SODIUM)
specola_test(node core specola_fixture)
specola_test(node confine specola_node)
