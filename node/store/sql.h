/*
 * sql: the texts of record.sql, record_2.sql, record_3.sql … record_6.sql, derived.sql and enclosure.sql, embedded at build.
 */
#ifndef SPECOLA_NODE_STORE_SQL_H
#define SPECOLA_NODE_STORE_SQL_H

extern const char store_record_sql[];    /* what is kept for ever: its first version, */
extern const char store_record_2_sql[];  /* what the second adds, */
extern const char store_record_3_sql[];  /* the third, */
extern const char store_record_4_sql[];  /* the fourth, */
extern const char store_record_5_sql[];  /* the fifth, */
extern const char store_record_6_sql[];  /* and the sixth */
extern const char store_derived_sql[];   /* what can be dropped and rebuilt */
extern const char store_enclosure_sql[]; /* what a backup holds beside the store */

#endif
