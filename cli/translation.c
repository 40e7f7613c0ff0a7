/*
 * translation: see translation.h. A row is found by its English: the pieces between the '%' stand in the text in their order.
 */
#include "cli/translation.h"

#include <string.h>

#define HOLES_MAX 4

/* By code, for what has no row of its own. */
static const char *const SENTENCES[] = {[ERR_FAILED] = "non riuscito",
                                        [ERR_MEMORY] = "memoria esaurita",
                                        [ERR_IO] = "lettura o scrittura non riuscita",
                                        [ERR_USAGE] = "comando non compreso",
                                        [ERR_NOT_FOUND] = "non trovato",
                                        [ERR_AMBIGUOUS] = "il nome non indica una cosa sola",
                                        [ERR_INPUT_NEEDED] = "serve una risposta, e non c'è nessuno a cui chiederla",
                                        [ERR_LOCKED] = "la chiave è sigillata",
                                        [ERR_PASSPHRASE] = "frase segreta sbagliata",
                                        [ERR_BUSY] = "un altro processo sta scrivendo",
                                        [ERR_UNREACHABLE] = "nessuna risposta",
                                        [ERR_QUEUED] = "accettato, non ancora nel registro",
                                        [ERR_FORMAT] = "il contenuto non ha la forma prevista",
                                        [ERR_SIGNATURE] = "la firma non è valida",
                                        [ERR_MISMATCH] = "il contenuto non è quello dichiarato",
                                        [ERR_KEY] = "il file della chiave è danneggiato",
                                        [ERR_REFUSED] = "rifiutato",
                                        [ERR_INCOMPLETE] = "manca qualcosa di necessario",
                                        [ERR_LIMIT] = "oltre un limite",
                                        [ERR_PERMISSIONS] = "il file è aperto ad altri utenti",
                                        [ERR_NOT_INITIALISED] = "qui non c'è un nodo",
                                        [ERR_CORRUPT] = "l'archivio è danneggiato",
                                        [ERR_DISK_FULL] = "il disco è pieno",
                                        [ERR_VERSION] = "scritto da una versione più recente del programma"};

/* '%' stands for any text; the same in both languages, in the same order. */
static const struct {
  const char *en, *it;
} ROWS[] = {
    /* messages */
    {"%: no such command", "%: comando sconosciuto"},
    {"%: no such option here", "%: opzione sconosciuta qui"},
    {"%: no such option or facet", "%: né opzione né faccetta"},
    {"%: a value is missing", "%: manca un valore"},
    {"%: a second word is missing", "%: manca una seconda parola"},
    {"%: \"%\" is one word too many", "%: «%» è una parola di troppo"},
    {"%: % is missing", "%: manca %"},
    {"% is given twice", "% è indicato due volte"},
    {"no such %: '%'", "% sconosciuto: «%»"},
    {"%: no such kind of object", "%: tipo di oggetto sconosciuto"},
    {"%: no such node", "%: nodo sconosciuto"},
    {"%: no such folder", "%: cartella inesistente"},
    {"%: a % has no such field", "%: un % non ha questo campo"},
    {"no object has the reference, id or title '%'", "nessun oggetto ha riferimento, id o titolo «%»"},
    {"no object stands at %", "nessun oggetto si trova in %"},
    {"no member has the handle %", "nessun membro ha la sigla %"},
    {"'%' fits % objects: %", "«%» indica % oggetti: %"},
    {"% exists, and is not overwritten", "% esiste già, e non viene sovrascritto"},
    {"there is no key of yours here (%)", "qui non c'è una tua chiave (%)"},
    {"you have a key already: %", "hai già una chiave: %"},
    {"your key has no certificate in the log of %", "la tua chiave non ha un certificato nel registro di %"},
    {"your key was revoked at %", "la tua chiave è stata revocata presso %"},
    {"the passphrase of % is needed", "serve la frase segreta di %"},
    {"%; the draft stays in %", "%; la bozza resta in %"},
    {"this node has not joined an observatory yet", "questo nodo non fa ancora parte di un osservatorio"},
    {"the node does not serve, so nobody can be asked", "il nodo non è in servizio: non si può chiedere a nessuno"},
    {"no answer from %", "nessuna risposta da %"},
    {"a withdrawal cannot be undone: it needs a yes", "un ritiro non si può annullare: serve un sì"},
    {"not withdrawn: nobody said yes", "non ritirato: nessuno ha detto sì"},
    {"bundle: damaged, its hash is another", "bundle danneggiato: la sua impronta è un'altra"},
    {"no terminal for an editor", "nessun terminale per un editor"},
    {"%: there is a node already", "%: c'è già un nodo"},
    {"the invitation is not whole: %", "l'invito non è intero: %"},
    {"%another key has used this invitation", "%un'altra chiave ha già usato questo invito"},
    {"%the invitation is too old", "%l'invito è scaduto"},
    {"%the invitation was taken back", "%l'invito è stato annullato"},
    {"%this node has no such invitation", "%questo nodo non ha un tale invito"},
    {"nobody answers at %", "nessuno risponde a %"},
    {"it needs a yes", "serve un sì"},
    {"a revocation cannot be undone: it needs a yes", "una revoca non si può annullare: serve un sì"},
    {"a consent cannot be taken back: it needs a yes", "un consenso non si può ritirare: serve un sì"},
    {"%: nobody proposes that", "%: nessuno lo propone"},
    {"% is removed by two thirds of the voices, with their root keys",
     "% si toglie con due terzi dei voti e le loro chiavi radice"},
    {"%: the root keys of no member have signed it, or too few of them",
     "%: nessun membro l'ha firmato con le sue chiavi radice, o con troppo poche"},
    {"a policy is changed by two thirds of the voices, with their root keys",
     "una regola si cambia con due terzi dei voti e le loro chiavi radice"},
    {"% is of another observatory", "% è di un altro osservatorio"},
    {"% has taken new keys since its root keys signed that",
     "% ha preso nuove chiavi da quando le sue chiavi radice l'hanno firmato"},
    {"a certificate needs a name", "un certificato ha bisogno di un nome"},
    {"this is a replica, and that is a node's own affair", "questa è una copia: ciò spetta a un nodo"},
    {"a node has its own log: nothing that is signed here waits for another",
     "un nodo ha il proprio registro: nulla di ciò che si firma qui attende altri"},
    {"% is %'s: its home alone takes it down", "% è di %: solo la sua casa può rimuoverlo"},
    /* why a log does not go on */
    {"withheld at %", "trattenuto alla dimensione %: nessuno ne dà le voci"},
    {"cannot be written: %", "non si può scrivere: %"},
    /* hints */
    {"ask its coordinator; specola hide % --reason … leaves it out here",
     "chiedi al suo coordinatore; specola hide % --reason … lo omette qui"},
    {"did you mean %?", "si intendeva %?"},
    {"there are: %", "ci sono: %"},
    {"copy the whole line, and put it between quotes: %", "copia la riga intera, e mettila tra virgolette: %"},
    {"ask who invited you for a new line, and who used it", "chiedi a chi ti ha invitato una nuova riga, e chi l'ha usata"},
    {"the node may be down: try again later%", "il nodo può essere fermo: riprova più tardi%"},
    {"specola join LINE --yes, once the words were compared", "specola join RIGA --yes, dopo aver confrontato le parole"},
    {"then run the same line again", "poi ripeti la stessa riga"},
    {"do it where the node runs", "fallo dove si trova il nodo"},
    {"-o FILE writes it for the machine with the root keys; where they are here: --key SHEET",
     "-o FILE lo scrive per la macchina con le chiavi radice; se sono qui: --key FOGLIO"},
    {"where they are: specola root sign % --key SHEET", "dove si trovano: specola root sign % --key FOGLIO"},
    {"specola member list shows them, each with its number", "specola member list li mostra, ciascuno con il suo numero"},
    {"take another name, or remove that one first", "scegli un altro nome, o togli prima quel file"},
    {"make the folder first, or take another one", "crea prima la cartella, o scegline un'altra"},
    {"specola % lists the codes", "specola % elenca i codici"},
    {"specola help % lists the fields", "specola help % elenca i campi"},
    {"specola help lists them", "specola help li elenca"},
    {"specola help COMMAND lists the options", "specola help COMANDO elenca le opzioni"},
    {"specola search finds words anywhere in a text", "specola search trova parole ovunque in un testo"},
    {"specola list KIND and specola search show references", "specola list TIPO e specola search mostrano i riferimenti"},
    {"specola key show -o FILE.pub; then the coordinator of %: %", "specola key show -o FILE.pub; poi il coordinatore di %: %"},
    {"specola key new, and let the coordinator certify it", "specola key new, e la fai certificare dal coordinatore"},
    {"specola peer list shows the members", "specola peer list mostra i membri"},
    {"words that begin with a dash go behind --; %", "le parole che iniziano con un trattino vanno dopo --; %"},
    {"specola init; or to try things out: specola demo", "specola init; o, per provare: specola demo"},
    {"say which by its reference", "indica quale con il suo riferimento"},
    {"specola doctor looks whether all is as it should be", "specola doctor controlla se tutto è come deve"},
    {"look at the path, who may use it, and the disk", "controlla il percorso, i permessi e il disco"},
    {"look whether the name is right", "controlla il nome"},
    {"look whether the name is right: ls shows what is there", "controlla il nome: ls mostra che cosa c'è"},
    {"give it as an option, or run this on a terminal", "indicalo come opzione, o esegui questo in un terminale"},
    {"type it again; each key has a passphrase of its own", "riscrivila; ogni chiave ha la propria frase segreta"},
    {"take it again from where it came", "riprendilo da dove è venuto"},
    {"--passphrase-file FILE, or --passphrase-fd N", "--passphrase-file FILE, o --passphrase-fd N"},
    {"specola serve, in another terminal; or once: specola sync",
     "specola serve, in un altro terminale; o una volta: specola sync"},
};
#define N_ROWS (sizeof ROWS / sizeof ROWS[0])

/* Whether text has the form; holes receives what stands for each '%', in order. */
static bool fits(const char *form, const char *text, struct view holes[HOLES_MAX]) {
  size_t n = 0;
  for (;;) {
    const size_t len = strcspn(form, "%");
    if (form[len] == '\0') {
      return strcmp(form, text) == 0;
    }
    if (n == HOLES_MAX || strncmp(form, text, len) != 0) {
      return false;
    }
    text += len;
    form += len + 1;
    const size_t next = strcspn(form, "%");
    char piece[128];
    if (next >= sizeof piece) {
      return false;
    }
    memcpy(piece, form, next);
    piece[next] = '\0';
    const char *end = form[next] == '\0' ? (strlen(text) < next ? NULL : text + strlen(text) - next) : strstr(text, piece);
    if (end == NULL) {
      return false;
    }
    holes[n++] = view_of(text, (size_t)(end - text));
    text = end;
  }
}

static enum err_code fill(const char *form, const struct view holes[HOLES_MAX], struct bytes *out) {
  enum err_code code = OK;
  for (size_t n = 0; *form != '\0' && code == OK; form++) {
    code = *form == '%' ? bytes_append(out, holes[n++], NULL) : bytes_append_u8(out, (uint8_t)*form, NULL);
  }
  return code;
}

enum err_code translation_text(const char *text, const char *lang, struct bytes *out, bool *found) {
  struct view holes[HOLES_MAX] = {{NULL, 0}};
  *found = false;
  for (size_t i = 0; strncmp(lang, "it", 2) == 0 && i < N_ROWS; i++) {
    if (fits(ROWS[i].en, text, holes)) {
      *found = true;
      return fill(ROWS[i].it, holes, out);
    }
  }
  return bytes_append_text(out, text, NULL);
}

enum err_code translation_message(const struct err *err, const char *lang, struct bytes *out) {
  const char *text = err->message[0] != '\0' ? err->message : err_text(err->code);
  const size_t code = (size_t)err->code, before = out->len;
  bool found = false;
  enum err_code result = translation_text(text, lang, out, &found);
  if (result != OK || found || strncmp(lang, "it", 2) != 0 || code >= sizeof SENTENCES / sizeof SENTENCES[0] ||
      SENTENCES[code] == NULL) {
    return result;
  }
  out->len = before;
  result = bytes_append_text(out, SENTENCES[code], NULL);
  return result == OK && strcmp(text, err_text(err->code)) != 0 ? bytes_printf(out, NULL, ": %s", text) : result;
}

enum err_code translation_hint(const struct err *err, const char *lang, struct bytes *out) {
  bool found = false;
  return translation_text(err->hint, lang, out, &found);
}
