/*
 * commands: one function a command; the table is in command.c, each function in its own small file.
 */
#ifndef SPECOLA_CLI_COMMANDS_H
#define SPECOLA_CLI_COMMANDS_H

#include "cli/cli.h"

/* Each does what its row of the table says: results to out.h, ERR_USAGE for words that do not fit together, else what the
 * floors below return. */
command_function cmd_init, cmd_found, cmd_join, cmd_demo, cmd_serve, cmd_status, cmd_where;
command_function cmd_new, cmd_check, cmd_publish, cmd_show, cmd_list, cmd_search;
command_function cmd_history, cmd_diff, cmd_edit, cmd_hide, cmd_scrub, cmd_takedown, cmd_withdraw;
command_function cmd_endorse, cmd_queue, cmd_sign, cmd_statement, cmd_ui;
command_function cmd_compare, cmd_completion, cmd_doctor, cmd_news, cmd_sql, cmd_stats;
command_function cmd_invite, cmd_invite_list, cmd_invite_confirm, cmd_invite_cancel, cmd_person_revoke, cmd_key_revoke;
command_function cmd_person_certify, cmd_person_list, cmd_key_show, cmd_key_new, cmd_key_backup, cmd_key_rotate, cmd_root_new,
    cmd_root_sign;
command_function cmd_member_list, cmd_member_propose, cmd_member_vote;
command_function cmd_sync, cmd_outbox, cmd_explain, cmd_peer_list, cmd_peer_ping;
command_function cmd_import, cmd_export, cmd_verify, cmd_rebuild, cmd_backup, cmd_restore;

/* The option tables of commands that have options, beside their functions. */
extern const struct option_row options_init[], options_found[], options_serve[], options_sync[], options_demo[], options_new[],
    options_publish[], options_edit[], options_withdraw[], options_takedown[], options_endorse[], options_queue[], options_ui[],
    options_sign[], options_statement[], options_hide[], options_compare[], options_completion[], options_news[], options_sql[],
    options_stats[], options_show[], options_list[], options_search[], options_person_certify[], options_key_show[],
    options_key_new[], options_key_backup[], options_key_rotate[], options_member_propose[], options_member_vote[],
    options_root_new[], options_root_sign[], options_import[], options_export[], options_backup[], options_outbox[];
extern const struct option_row options_join[], options_invite[], options_invite_confirm[], options_person_revoke[],
    options_key_revoke[];

#define OPTIONS_END                                                                                                            \
  { NULL, 0, OPTION_FLAG, NULL, NULL, NULL }

#endif
