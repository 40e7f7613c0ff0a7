specola_test(node pipe specola_node PkgConfig::SODIUM)
