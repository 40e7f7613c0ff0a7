/*
 * command: the table of commands, in the order in which `help` shows them. To add one: a row here, a function in its own file.
 */
#include <stdint.h>

#include "cli/commands.h"
#include "cli/lookup.h"

#define ANY SIZE_MAX

const struct command command_table[] = {
    {"init", "start", "", "make a node here", "crea un nodo qui", options_init, 0, 0, false, cmd_init},
    {"found", "start", "NAME FILE.identity...", "write the charter of a new observatory",
     "scrive la carta di un nuovo osservatorio", options_found, 2, ANY, false, cmd_found},
    {"join", "start", "FILE.charter...", "begin this node's log under a signed charter",
     "inizia il registro del nodo con una carta firmata", NULL, 1, ANY, false, cmd_join},
    {"demo", "start", "", "three nodes on this machine, with cases", "tre nodi su questa macchina, con esperienze",
     options_demo, 0, 0, false, cmd_demo},
    {"serve", "start", "", "exchange with the other members until stopped",
     "scambia con gli altri membri finché non lo si ferma", options_serve, 0, 0, false, cmd_serve},
    {"status", "start", "", "how this node is doing", "come sta questo nodo", NULL, 0, 0, false, cmd_status},
    {"doctor", "start", "", "look whether all is as it should be", "controlla se tutto è come deve", NULL, 0, 0, false,
     cmd_doctor},
    {"news", "start", "", "what came since you looked last", "che cosa è arrivato dall'ultima volta", options_news, 0, 0, false,
     cmd_news},

    {"new", "objects", "[KIND]", "a draft: asked for at a terminal, else an empty one to fill in",
     "una bozza: con domande al terminale, altrimenti vuota da compilare", options_new, 0, 1, false, cmd_new},
    {"check", "objects", "FILE...", "what a draft still needs", "che cosa manca a una bozza", NULL, 1, ANY, false, cmd_check},
    {"publish", "objects", "FILE...", "sign drafts and put them into the log", "firma bozze e le mette nel registro",
     options_publish, 1, ANY, false, cmd_publish},
    {"show", "objects", "ID", "an object in full", "un oggetto per intero", options_show, 1, 1, false, cmd_show},
    {"list", "objects", "KIND", "objects of a kind", "gli oggetti di un tipo", options_list, 1, 1, true, cmd_list},
    {"edit", "objects", "ID [FILE]", "change an object: its newest version as a draft, then a new version",
     "modifica un oggetto: la versione più recente come bozza, poi una nuova versione", options_edit, 1, 2, false, cmd_edit},
    {"withdraw", "objects", "ID", "take an object back; its versions stay in the log",
     "ritira un oggetto; le versioni restano nel registro", options_withdraw, 1, 1, false, cmd_withdraw},
    {"history", "objects", "ID", "every version of an object, and what became of it",
     "ogni versione di un oggetto, e che ne è stato", NULL, 1, 1, false, cmd_history},
    {"where", "objects", "ID", "which members say they hold an object", "quali membri dicono di avere un oggetto", NULL, 1, 1,
     false, cmd_where},
    {"diff", "objects", "ID [VERSION [VERSION]]", "what two versions say differently", "che cosa cambia fra due versioni", NULL,
     1, 3, false, cmd_diff},
    {"compare", "objects", "ID ID...", "objects side by side, field by field", "oggetti a confronto, campo per campo",
     options_compare, 2, ANY, false, cmd_compare},

    {"person certify", "people", "FILE.pub", "let somebody write in this node's log",
     "autorizza qualcuno a scrivere nel registro", options_person_certify, 1, 1, false, cmd_person_certify},
    {"person list", "people", "", "who may write in this node's log", "chi può scrivere nel registro", NULL, 0, 0, false,
     cmd_person_list},
    {"key show", "people", "", "your public key, and the node's", "la propria chiave pubblica, e quella del nodo",
     options_key_show, 0, 0, false, cmd_key_show},
    {"key new", "people", "", "make a key for yourself", "crea la propria chiave", options_key_new, 0, 0, false, cmd_key_new},
    {"key backup", "people", "DIR", "copy keys to another medium", "copia le chiavi su un altro supporto", options_key_backup,
     1, 1, false, cmd_key_backup},
    {"root new", "people", "", "make root keys, offline", "crea le chiavi radice, fuori rete", options_root_new, 0, 0, false,
     cmd_root_new},
    {"root sign", "people", "FILE.charter", "sign a charter with root keys, offline",
     "firma una carta con le chiavi radice, fuori rete", options_root_sign, 1, 1, false, cmd_root_sign},

    {"sync", "network", "", "exchange once with every member", "scambia una volta con ogni membro", NULL, 0, 0, false,
     cmd_sync},
    {"peer list", "network", "", "the other members", "gli altri membri", NULL, 0, 0, false, cmd_peer_list},
    {"peer ping", "network", "HANDLE", "ask one member for an answer now", "chiede subito una risposta a un membro", NULL, 1, 1,
     false, cmd_peer_ping},

    {"search", "research", "[WORDS]", "find objects by text and facets", "trova oggetti per testo e faccette", options_search,
     0, ANY, true, cmd_search},
    {"stats", "research", "", "the observatory in figures", "l'osservatorio in cifre", options_stats, 0, 0, true, cmd_stats},
    {"sql", "research", "[QUERY]", "a question in SQL; without one, the tables",
     "una domanda in SQL; senza domanda, le tabelle", options_sql, 0, 1, false, cmd_sql},
    {"export", "research", "", "objects as NDJSON or CSV, logs as a bundle", "oggetti in NDJSON o CSV, registri in un bundle",
     options_export, 0, 0, true, cmd_export},
    {"import", "research", "FILE", "publish rows of a file, or take in a bundle",
     "pubblica le righe di un file, o accoglie un bundle", options_import, 1, 1, false, cmd_import},
    {"verify", "research", "[FILE.bundle]", "check every root, signature and commitment",
     "controlla ogni radice, firma e impegno", NULL, 0, 1, false, cmd_verify},

    {"takedown", "admin", "ID", "erase an object's texts for good, here and on every member",
     "cancella per sempre i testi di un oggetto, qui e presso ogni membro", options_takedown, 1, 1, false, cmd_takedown},
    {"rebuild", "admin", "", "derive all tables again from the logs", "deriva di nuovo tutte le tabelle dai registri", NULL, 0,
     0, false, cmd_rebuild},
    {"completion", "admin", "bash|zsh|fish", "completion of commands and names for your shell",
     "completamento di comandi e nomi per la propria shell", options_completion, 0, 1, false, cmd_completion},
    {"help", "admin", "[COMMAND|KIND [FIELD]]", "what a command does; what a kind consists of, and the codes of a field",
     "che cosa fa un comando; di che cosa è fatto un tipo, e i codici di un campo", NULL, 0, 2, false, cmd_help},
    {"version", "admin", "", "which version this is", "quale versione è", NULL, 0, 0, false, cmd_version},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, false, NULL},
};
