/*
 * main: the program. Everything is in cli_main (cli.c); the commands are in command.c.
 */
#include "cli/cli.h"

int main(int argc, char **argv) {
  return cli_main(argc, argv);
}
