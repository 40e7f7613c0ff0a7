/*
 * phrase: every text of ours that pages show, in English and Italian, in one place.
 */
#ifndef SPECOLA_NODE_WEB_PHRASE_H
#define SPECOLA_NODE_WEB_PHRASE_H

#include <stddef.h>

/* X(symbol, English, Italian) */
#define PHRASES(X)                                                                                                             \
  X(SKIP, "Skip to the content", "Vai al contenuto")                                                                           \
  X(NAVIGATION, "Sections", "Sezioni")                                                                                         \
  X(HOME, "Start", "Inizio")                                                                                                   \
  X(NODES, "Nodes", "Nodi")                                                                                                    \
  X(LANGUAGE, "Language", "Lingua")                                                                                            \
  X(TAGLINE, "Cases of public-sector innovation, signed by those who made them",                                               \
    "Casi di innovazione del settore pubblico, firmati da chi li ha realizzati")                                               \
  X(SEARCH, "Search", "Cerca")                                                                                                 \
  X(SEARCH_LABEL, "Words in any language", "Parole in qualsiasi lingua")                                                       \
  X(SEARCH_HINT, "\"a phrase\", begin*, -without", "\"una frase\", inizio*, -senza")                                           \
  X(OBJECTS, "published objects", "oggetti pubblicati")                                                                        \
  X(COUNTRIES, "countries", "paesi")                                                                                           \
  X(MEMBERS, "member nodes", "nodi membri")                                                                                    \
  X(NEWEST, "Newest", "I più recenti")                                                                                         \
  X(FILTERS, "Filters", "Filtri")                                                                                              \
  X(MORE_FILTERS, "More filters", "Altri filtri")                                                                              \
  X(APPLY, "Apply", "Applica")                                                                                                 \
  X(REMOVE, "Remove filter", "Togli il filtro")                                                                                \
  X(CLEAR, "Remove all filters", "Togli tutti i filtri")                                                                       \
  X(ACTIVE, "Active filters", "Filtri attivi")                                                                                 \
  X(MORE, "Show all", "Mostra tutti")                                                                                          \
  X(RESULTS, "Results", "Risultati")                                                                                           \
  X(NONE_FOUND, "Nothing was found.", "Non è stato trovato nulla.")                                                            \
  X(NONE_HELP, "Take a filter away, use other words, or put * behind the beginning of a word: open*.",                         \
    "Togli un filtro, usa altre parole, o metti * dopo l'inizio di una parola: apert*.")                                       \
  X(NO_SUCH_CODE, "there is no value called", "non c'è nessun valore chiamato")                                                \
  X(DID_YOU_MEAN, "Did you mean", "Si intendeva")                                                                              \
  X(HAS_EVERY, "has all words; the rest has some of them.", "ha tutte le parole; il resto ne ha alcune.")                      \
  X(HAVE_EVERY, "have all words; the rest has some of them.", "hanno tutte le parole; il resto ne ha alcune.")                 \
  X(OF, "of", "di")                                                                                                            \
  X(NEXT, "Next page", "Pagina successiva")                                                                                    \
  X(FIRST, "First page", "Prima pagina")                                                                                       \
  X(PAGING, "Pages of results", "Pagine dei risultati")                                                                        \
  X(SORT, "Order", "Ordine")                                                                                                   \
  X(SORT_NEW, "newest first", "prima i più recenti")                                                                           \
  X(SORT_ENDORSED, "endorsed first", "prima i convalidati")                                                                    \
  X(ENDORSED_FIRST, "Endorsed first", "Prima i convalidati")                                                                   \
  X(ALL_PUBLISHED, "All published, newest first", "Tutti i pubblicati, prima i più recenti")                                   \
  X(SORT_BEST, "best match first", "prima i più pertinenti")                                                                   \
  X(HOME_NODE, "Published by", "Pubblicato da")                                                                                \
  X(FROM_NODE, "Node", "Nodo")                                                                                                 \
  X(PUBLISHED, "Published", "Pubblicato")                                                                                      \
  X(PUBLISHED_HELP, "Signed by an editor of the home node.", "Firmato da un redattore del nodo di origine.")                   \
  X(ENDORSED, "Endorsed", "Convalidato")                                                                                       \
  X(ENDORSED_EARLIER, "An earlier version is endorsed", "Convalidata una versione precedente")                                 \
  X(NOT_ENDORSED, "Not endorsed", "Non convalidato")                                                                           \
  X(ENDORSEMENT, "Endorsement", "Convalida")                                                                                   \
  X(ENDORSEMENTS, "Endorsements", "Convalide")                                                                                 \
  X(ENDORSED_HELP, "Reviewers of other countries who read a version and affirm what the policy names.",                        \
    "Revisori di altri paesi che hanno letto una versione e affermano quanto la regola indica.")                               \
  X(MISSING, "Missing: ", "Mancano: ")                                                                                         \
  X(ENDORSEMENT_ONE, "endorsement", "convalida")                                                                               \
  X(ENDORSEMENT_MORE, "endorsements", "convalide")                                                                             \
  X(NODE_ONE, "node", "nodo")                                                                                                  \
  X(NODE_MORE, "nodes", "nodi")                                                                                                \
  X(COUNTRY_ONE, "country", "paese")                                                                                           \
  X(COUNTRY_MORE, "countries", "paesi")                                                                                        \
  X(SINCE_THEN, "Since then: ", "Da allora: ")                                                                                 \
  X(SINCE_CHANGED, "changed ", "modificato: ")                                                                                 \
  X(SINCE_ADDED, "added ", "aggiunto: ")                                                                                       \
  X(SINCE_REMOVED, "removed ", "tolto: ")                                                                                      \
  X(SINCE_SAME, "the same text again", "di nuovo lo stesso testo")                                                             \
  X(AFFIRMS, "Affirms", "Afferma")                                                                                             \
  X(AFFIRMS_ALL, "Affirms all that the policy names.", "Afferma tutto ciò che la regola indica.")                              \
  X(REMARK, "Remark", "Osservazione")                                                                                          \
  X(INTEREST, "Interest", "Interesse")                                                                                         \
  X(READ_WAS, "Read in", "Letto in")                                                                                           \
  X(POLICY, "What is affirmed", "Che cosa si afferma")                                                                         \
  X(FOLLOWS_FROM, "It follows from what this node holds:", "Segue da ciò che questo nodo conserva:")                           \
  X(MORE_NOT_SHOWN, "more that do not count are not shown.", "altre che non contano non sono mostrate.")                       \
  X(S_COUNTS, "counts", "conta")                                                                                               \
  X(S_VERSION, "does not count: it names a version that this object does not have",                                            \
    "non conta: indica una versione che questo oggetto non ha")                                                                \
  X(S_POLICY, "does not count: its policy is not in force", "non conta: la sua regola non è in vigore")                        \
  X(S_MEMBER, "does not count: its home is not a member", "non conta: il suo nodo non è membro")                               \
  X(S_HOME, "does not count: it comes from the home of the object", "non conta: viene dal nodo di origine")                    \
  X(S_WITHDRAWN, "does not count: the reviewer took it back", "non conta: il revisore l'ha ritirata")                          \
  X(S_PERSON, "does not count: the same person signed before", "non conta: la stessa persona aveva già firmato")               \
  X(S_REVOKED, "does not count: the key was revoked", "non conta: la chiave è stata revocata")                                 \
  X(S_RIGHTS, "does not count: the author is no reviewer", "non conta: l'autore non è un revisore")                            \
  X(S_AUTHOR, "does not count: nobody certified the key there", "non conta: nessuno ha certificato lì la chiave")              \
  X(S_SIGNATURE, "does not count: the signature is not one of this observatory",                                               \
    "non conta: la firma non è di questo osservatorio")                                                                        \
  X(S_HELD, "does not count: it has no effect in its log", "non conta: non ha effetto nel suo registro")                       \
  X(OTHER_SIGNATURES, "Signatures that do not count", "Firme che non contano")                                                 \
  X(S_NODE, "does not count: others of the same node count already", "non conta: ne contano già altre dello stesso nodo")      \
  X(S_COUNTRY, "does not count: others of the same country count already",                                                     \
    "non conta: ne contano già altre dello stesso paese")                                                                      \
  X(WITHDRAWN, "Withdrawn", "Ritirato")                                                                                        \
  X(WITHDRAWN_HELP, "Its authors have withdrawn it. It stays readable as part of the record.",                                 \
    "Gli autori lo hanno ritirato. Resta leggibile come parte del registro.")                                                  \
  X(FORKED, "This log was forked by its owner, who signed two branches. What is here stays, nothing is added.",                \
    "Questo registro è stato biforcato da chi lo tiene, che ne ha firmato due rami. Nulla si aggiunge.")                       \
  X(FORKED_FROM, "The branches part at entry", "I rami si dividono alla voce")                                                 \
  X(FORKED_BELOW, "The branches part here or below:", "I rami si dividono qui o prima:")                                       \
  X(TAKEN_DOWN, "Taken down on", "Rimosso il")                                                                                 \
  X(TEXT_ERASED, "The text is erased here. Erased by", "Il testo è cancellato qui. Cancellato da")                             \
  X(HIDDEN, "This node does not show this record", "Questo nodo non mostra questa voce")                                       \
  X(HIDDEN_STAYS, "It stays in the log of its home, signed as it is, and is passed on to the members; others may show it.",    \
    "Resta nel registro di origine, firmata com'è, e viene trasmessa ai membri; altri possono mostrarla.")                     \
  X(HIDDEN_SINCE, "Since", "Dal")                                                                                              \
  X(HIDDEN_HERE, "Not shown by this node", "Non mostrati da questo nodo")                                                      \
  X(HIDDEN_HELP,                                                                                                               \
    "Held and passed on, but left out of pages, lists, searches, exports and feeds: a decision of this node alone.",           \
    "Conservati e trasmessi, ma assenti da pagine, elenchi, ricerche, esportazioni e feed: una decisione di questo solo "      \
    "nodo.")                                                                                                                   \
  X(REVIEW_WANTED, "Review wanted", "Revisione richiesta")                                                                     \
  X(READ_IN, "Read the texts in", "Leggi i testi in")                                                                          \
  X(ORIGINAL, "original", "originale")                                                                                         \
  X(ORIGINAL_LANGUAGE, "Original language", "Lingua originale")                                                                \
  X(DETAILS, "In short", "In breve")                                                                                           \
  X(CONTENTS, "On this page", "In questa pagina")                                                                              \
  X(UNKNOWN, "not yet known", "non ancora noto")                                                                               \
  X(NOT_APPLICABLE, "not applicable", "non applicabile")                                                                       \
  X(YES, "yes", "sì")                                                                                                          \
  X(NO, "no", "no")                                                                                                            \
  X(TOTAL, "Total", "Totale")                                                                                                  \
  X(NO_BODY, "The text of this version is not held here.", "Il testo di questa versione non è conservato qui.")                \
  X(UNKNOWN_KIND, "This node does not know this kind of object; its content is shown as it stands.",                           \
    "Questo nodo non conosce questo tipo di oggetto; il contenuto è mostrato così com'è.")                                     \
  X(ORIGIN, "Origin, licence and proof", "Origine, licenza e prova")                                                           \
  X(LICENCE, "Licence", "Licenza")                                                                                             \
  X(NO_LICENCE, "not stated", "non indicata")                                                                                  \
  X(REFERENCE, "Reference", "Riferimento")                                                                                     \
  X(AUTHOR, "Signed by", "Firmato da")                                                                                         \
  X(AUTHOR_KEY, "Author's key", "Chiave dell'autore")                                                                          \
  X(SIGNED_ON, "Signed on", "Firmato il")                                                                                      \
  X(OBJECT_ID, "Object id", "Id dell'oggetto")                                                                                 \
  X(VERSION_ID, "Version id", "Id della versione")                                                                             \
  X(AS_JSON, "The data of this page (JSON)", "I dati di questa pagina (JSON)")                                                 \
  X(COMPLETENESS, "Completeness", "Completezza")                                                                               \
  X(VERSIONS, "Versions", "Versioni")                                                                                          \
  X(VERSION, "Version", "Versione")                                                                                            \
  X(VERSION_SHOWN, "shown here", "mostrata qui")                                                                               \
  X(OLD_VERSION, "This is an earlier version.", "Questa è una versione precedente.")                                           \
  X(SEE_NEWEST, "Go to the newest version", "Vai alla versione più recente")                                                   \
  X(CHANGED, "Changed since the version before", "Cambiato rispetto alla versione precedente")                                 \
  X(FINDINGS, "Findings", "Rilievi")                                                                                           \
  X(NO_FINDINGS, "Nothing is missing and nothing is doubtful.", "Non manca nulla e nulla è dubbio.")                           \
  X(REFUSED_LEVEL, "Breaks a rule", "Viola una regola")                                                                        \
  X(LACKING_LEVEL, "Missing", "Manca")                                                                                         \
  X(WARNING_LEVEL, "To be checked", "Da verificare")                                                                           \
  X(LINKS, "Connected with", "Collegato con")                                                                                  \
  X(NOT_HERE, "not here yet", "non ancora qui")                                                                                \
  X(F_NEED, "not told", "non indicato")                                                                                        \
  X(F_FEW, "fewer entries than asked for", "meno voci di quelle richieste")                                                    \
  X(F_MANY, "more entries than foreseen", "più voci di quelle previste")                                                       \
  X(F_LIMIT, "longer than foreseen", "più lungo del previsto")                                                                 \
  X(F_CODE, "a code that the vocabulary does not have", "un codice che il vocabolario non ha")                                 \
  X(F_LANGUAGE, "seems to be in another language than it says", "sembra in una lingua diversa da quella dichiarata")           \
  X(F_UNKNOWN_FIELD, "a field that this node does not know", "un campo che questo nodo non conosce")                           \
  X(F_DATE, "not a date", "non è una data")                                                                                    \
  X(F_NUMBER, "not a number", "non è un numero")                                                                               \
  X(F_URL, "not a web address", "non è un indirizzo web")                                                                      \
  X(F_TAG, "not a language tag", "non è un codice di lingua")                                                                  \
  X(F_CITATION, "cites a number without an entry", "cita un numero senza voce")                                                \
  X(F_FORM, "has another form than it should", "ha una forma diversa da quella prevista")                                      \
  X(NODES_LEAD, "Each country or region runs a node, which signs its own log and holds those of all others.",                  \
    "Ogni paese o regione gestisce un nodo, che firma il proprio registro e conserva quelli di tutti gli altri.")              \
  X(NODE, "Node", "Nodo")                                                                                                      \
  X(COUNTRY, "Country", "Paese")                                                                                               \
  X(FORMER_MEMBER, "former member", "ex membro")                                                                               \
  X(THIS_NODE, "this node", "questo nodo")                                                                                     \
  X(ENTRIES, "Entries", "Voci")                                                                                                \
  X(HOLDS_OBJECTS, "Published", "Pubblicati")                                                                                  \
  X(NODE_ID, "Node id", "Id del nodo")                                                                                         \
  X(FINGERPRINT, "Fingerprint", "Impronta")                                                                                    \
  X(ROLL, "Roll number", "Numero di ruolo")                                                                                    \
  X(ENDPOINT, "Address", "Indirizzo")                                                                                          \
  X(UNKNOWN_ADDRESS, "not told", "non indicato")                                                                               \
  X(LOGS, "Logs", "Registri")                                                                                                  \
  X(GENERATION, "Generation", "Generazione")                                                                                   \
  X(ROOT, "Root", "Radice")                                                                                                    \
  X(PEOPLE, "Certified people", "Persone certificate")                                                                         \
  X(NAME, "Name", "Nome")                                                                                                      \
  X(ROLES, "Roles", "Ruoli")                                                                                                   \
  X(REVOKED, "revoked", "revocato")                                                                                            \
  X(IN_FORCE, "in force", "in vigore")                                                                                         \
  X(STATE, "State", "Stato")                                                                                                   \
  X(HELD, "Kept without effect", "Conservati senza effetto")                                                                   \
  X(HELD_HELP, "Entries that are kept and served but not shown, by reason, in all logs.",                                      \
    "Voci conservate e servite ma non mostrate, per motivo, in tutti i registri.")                                             \
  X(REASON_WORD, "Reason", "Motivo")                                                                                           \
  X(NUMBER, "Number", "Numero")                                                                                                \
  X(SERVED_BY, "Served by", "Servito da")                                                                                      \
  X(FOOTER_OWN, "Your own desk: nobody else sees these pages.", "La Sua scrivania: nessun altro vede queste pagine.")          \
  X(FOOTER, "Nothing is signed here. No cookies, no scripts.", "Qui nulla viene firmato. Senza cookie né script.")             \
  X(MATRIX, "Who vouches for whom", "Chi convalida chi")                                                                       \
  X(MATRIX_LEAD, "Published says that the home of a case signed it; endorsed says that reviewers of other nodes read it.",     \
    "Pubblicato vuol dire firmato dal nodo di origine; convalidato, letto da revisori di altri nodi.")                         \
  X(MATRIX_HELP, "Signatures that count: a row is the node of the reviewers, a column the node whose objects they read.",      \
    "Firme che contano: una riga è il nodo dei revisori, una colonna il nodo di cui hanno letto gli oggetti.")                 \
  X(MATRIX_PICTURE, "Signatures that count, by node of the reviewers and node of the objects; the table below has the same",   \
    "Firme che contano, per nodo dei revisori e nodo degli oggetti; la tabella qui sotto ha le stesse cifre")                  \
  X(MATRIX_MOST, "The picture shows the nodes with the most signatures, the table all of them.",                               \
    "La figura mostra i nodi con più firme, la tabella tutti.")                                                                \
  X(MATRIX_NONE, "No signature counts yet.", "Nessuna firma conta ancora.")                                                    \
  X(REVIEWERS_OF, "Reviewers of", "Revisori di")                                                                               \
  X(OBJECTS_OF, "objects of", "oggetti di")                                                                                    \
  X(OBJECTS_OF_HEAD, "Objects of", "Oggetti di")                                                                               \
  X(NO_MEMBER, "no member any more", "non più membro")                                                                         \
  X(SIGNATURES_COUNT, "Signatures that count", "Firme che contano")                                                            \
  X(ALL_SIGNATURES, "All signatures", "Tutte le firme")                                                                        \
  X(STANDING, "Signature", "Firma")                                                                                            \
  X(NETWORK, "Network", "Rete")                                                                                                \
  X(NETWORK_LEAD,                                                                                                              \
    "How this node reaches the others, what they lack of what is held here, and what they say to hold of its log.",            \
    "Come questo nodo raggiunge gli altri, che cosa manca loro di ciò che è qui, e che cosa dicono di avere del suo "        \
    "registro.")                                                                                                               \
  X(NETWORK_UNTOLD, "The part of this node that talks to the others does not answer now: what follows was said before.",       \
    "La parte di questo nodo che parla con gli altri ora non risponde: quanto segue è stato detto prima.")                     \
  X(NO_MEMBERS, "This observatory has no other member.", "Questo osservatorio non ha altri membri.")                           \
  X(REACHED, "How it is reached", "Come è raggiunto")                                                                          \
  X(LAST_HEARD, "Last heard", "Sentito")                                                                                       \
  X(BEHIND, "Behind", "Gli manca")                                                                                             \
  X(AHEAD, "Ahead", "Ci manca")                                                                                                \
  X(HOLDS_OF_OURS, "Holds of ours", "Ha del nostro")                                                                           \
  X(LAST_WORD, "Last word", "Ultima parola")                                                                                   \
  X(HOLDS_IT, "Holds it", "Ce l'ha")                                                                                           \
  X(TEXTS_MISSING, "Texts missing", "Testi mancanti")                                                                          \
  X(HOLDS_OTHER, "another branch of this log", "un altro ramo di questo registro")                                             \
  X(HOLDS_UNKNOWN, "has not said yet", "non l'ha ancora detto")                                                                \
  X(SAY_THEY_HOLD, "members say that they hold it", "membri dicono di averlo")                                                 \
  X(WHERE_TITLE, "Who holds it", "Chi ce l'ha")                                                                                \
  X(WHERE_LEAD, "Each member says, under its key, how much of each log it holds. This is their word, as old as it is.",        \
    "Ogni membro dice, con la propria chiave, quanto ha di ogni registro. È la loro parola, vecchia quanto indicato.")         \
  X(FEED, "Feed of what is new (Atom)", "Flusso delle novità (Atom)")                                                          \
  X(FEED_HERE, "Feed of these results (Atom)", "Flusso di questi risultati (Atom)")                                            \
  X(FETCH, "Fetch and verify everything yourself", "Scarica e verifica tutto da te")                                           \
  X(WHERE, "By country", "Per paese")                                                                                          \
  X(ELSEWHERE, "Elsewhere", "Altrove")                                                                                         \
  X(AS_TABLE, "The same as a table", "Lo stesso come tabella")                                                                 \
  X(SEE_ALL, "See all", "Vedi tutto")                                                                                          \
  X(NOTHING_YET, "Nothing has been published yet.", "Non è stato ancora pubblicato nulla.")                                    \
  X(SHOW_FILTERS, "Show the filters", "Mostra i filtri")                                                                       \
  X(COMPLETE, "complete", "completo")                                                                                          \
  X(RUN_BY, "Run by", "Gestito da")                                                                                            \
  X(CONTACT, "Contact", "Contatto")                                                                                            \
  X(PAGES, "Pages", "Pagine")                                                                                                  \
  X(REGION, "Region", "Regione")                                                                                               \
  X(NODE_WORD, "node", "nodo")                                                                                                 \
  X(SHARE, "Send this page by e-mail", "Invia questa pagina per e-mail")                                                       \
  X(SHARE_ABOUT, "", "")                                                                                                       \
  X(REPORT, "Report something on this page", "Segnala qualcosa in questa pagina")                                              \
  X(REPORT_ABOUT, "To be checked: ", "Da verificare: ")                                                                        \
  X(ADDRESS, "Address of this page", "Indirizzo di questa pagina")                                                             \
  X(SORRY_400, "The request was not understood", "La richiesta non è stata compresa")                                          \
  X(SORRY_404, "There is no such page", "Questa pagina non esiste")                                                            \
  X(SORRY_405, "That cannot be done with this page", "Con questa pagina non si può fare")                                      \
  X(SORRY_500, "Something went wrong here", "Qualcosa qui non ha funzionato")                                                  \
  X(SORRY_503, "The node is starting or busy. Try again in a moment.",                                                         \
    "Il nodo si sta avviando o è occupato. Riprova tra poco.")                                                                 \
  X(SORRY_BACK, "Back to the start", "Torna all'inizio")                                                                       \
  X(MONTH_1, "January", "gennaio")                                                                                             \
  X(MONTH_2, "February", "febbraio")                                                                                           \
  X(MONTH_3, "March", "marzo")                                                                                                 \
  X(MONTH_4, "April", "aprile")                                                                                                \
  X(MONTH_5, "May", "maggio")                                                                                                  \
  X(MONTH_6, "June", "giugno")                                                                                                 \
  X(MONTH_7, "July", "luglio")                                                                                                 \
  X(MONTH_8, "August", "agosto")                                                                                               \
  X(MONTH_9, "September", "settembre")                                                                                         \
  X(MONTH_10, "October", "ottobre")                                                                                            \
  X(MONTH_11, "November", "novembre")                                                                                          \
  X(MONTH_12, "December", "dicembre")

enum phrase {
#define PHRASE_ENUM(symbol, en, it) P_##symbol,
  PHRASES(PHRASE_ENUM)
#undef PHRASE_ENUM
      PHRASE_COUNT
};
/* lang: "it", anything else is English. Static text. */
const char *phrase(enum phrase p, const char *lang);
/* The languages of pages: "en", "it"; NULL past the last. And how each calls itself. */
const char *phrase_language(size_t i);
const char *phrase_language_name(size_t i);
/* The page language that a tag asks for ("it-CH" gives "it"), or NULL. */
const char *phrase_language_of(const char *tag, size_t len);

#endif
