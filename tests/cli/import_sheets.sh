#!/usr/bin/env bash
# Spreadsheets of every make: separators, line ends, encodings, headers; what is wrong with a file as a whole is said before
# anything is signed. Columns that are named as fields need no map; for the others one is proposed.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
sheet() { printf "$1" >"$T/sheet.csv"; } # printf's escapes
# taken N: the sheet becomes N objects.
taken() {
  as it --json import "$T/sheet.csv" --dry-run "${@:2}"
  exits 0
  json .published "$1"
}
# broken WORDS…: refused as a whole, with a way out; nothing is asked for.
broken() {
  as it --no-input import "$T/sheet.csv"
  exits 9
  for words in "$@"; do complains "$words"; done
  silent published
  as it --json import "$T/sheet.csv"
  refused refused 9
}

# Separators, line ends, a last line without an end; labels in both languages, keys, a language behind a text.
sheet 'title,summary,country,level\nUno,Breve,IT,local\n'
taken 1
sheet 'Title;Summary;Country;Level of government\rUno;"a;\rb";IT;local\rDue;x;IT;local'
taken 2
sheet 'TITOLO\tSintesi\tPaese\tLivello di governo\r\nUno\tBreve\tItalia\tLocale'
taken 1
sheet 'sep=,\r\ntitle.it,title.en,summary,country,level\r\nUno,One,Breve,IT,local\r\n'
as it import "$T/sheet.csv" "${P[@]}"
exits 0
as it --json show IT-2
json '.body.title | to_entries | map(.key + "=" + .value) | join(" ")' "en=One it=Uno"
sheet 'title#summary#country#level\nUno#Breve#IT#local\n'
as it import "$T/sheet.csv" --dry-run
exits 9
complains --propose-map
taken 1 --separator '#'
as it import "$T/sheet.csv" --separator ab
exits 2
# Lists, marks, rows of groups, an escape.
cat >"$T/sheet.csv" <<'CSV'
title;summary;country;level;sectors;lessons;funding.source;funding.amount;tags
Misto;x;IT;local;"01.3; 04.6";-;"Regione;Stato";"100;200";"a\;b;c"
CSV
as it import "$T/sheet.csv" "${P[@]}"
exits 0
as it --json show Misto
json '.body.sectors | join(" ")' "01.3 04.6"
json '.body._na | join(" ")' lessons
json '.body.funding | map(.source.it // .source.en) | join(" ")' "Regione Stato"
json '.body.funding[1].amount' 200
json '.body.tags | join("|")' 'a;b|c'

# What is exported, changed and imported is a new version, and only that.
as it export --to csv -o "$T/sheet.csv" --force
exits 0
sed -i 's/Misto/Misto e corretto/' "$T/sheet.csv"
as it --json import "$T/sheet.csv" "${P[@]}"
exits 0
json .new_versions 1
json .known 1
json .published 0
as it --json show "Misto e corretto"
json '.versions | length' 2
json '.body._na | join(" ")' lessons

# Files that are no sheet that can be read.
printf 'Titolo;Paese\r\nUno;IT\r\n' | iconv -t UTF-16 >"$T/sheet.csv"
broken UTF-16 "save it again as UTF-8"
printf 'Titolo;Paese\r\nUno;IT\r\nCitt\xe0;IT\r\n' >"$T/sheet.csv"
broken "Latin-1" "row 3, column A" "CSV UTF-8"
sheet 'title;country;title\nUno;IT;x\n'
broken 'columns A and C are both called "title"'
sheet 'title;summary;country;level\nUno;x;IT;local\nDue;"x;IT;local\nTre;x;IT;local\n'
broken "line 3: a quote opens in row 3, column B, and is never closed"
{ printf 'title;summary\nUno;"' && head -c 1200000 /dev/zero | tr '\0' x; } >"$T/sheet.csv"
broken "line 2: a quote opens in row 2, column B"
sheet 'Nome;Anno\nUno;2020\n'
broken "no column is named as a field of case is" "--propose-map"
seq -s ';' 2000 >"$T/sheet.csv"
broken "2000 columns, at most 1024"
for text in '' '\n' '\xef\xbb\xbf' 'title;summary;country;level\n' 'title;summary;country;level\r\n;;;\r\n\r\n'; do
  sheet "$text"
  as it --no-input import "$T/sheet.csv"
  exits 0
  complains "has no rows"
done

# A map is proposed, filled in, used.
sheet 'Nome del caso;Sintesi;Dove;Chi | altri;Livello di governo\nUno;Breve;Italia;Comune;Comunale\nDue;Breve;Francia;Stato;Nazionale\n'
as it import "$T/sheet.csv" --propose-map -o "$T/map.ini"
exits 0
says "specola import $T/sheet.csv --map $T/map.ini --dry-run"
grep -qx 'summary = Sintesi' "$T/map.ini" || fail "the map: $(cat "$T/map.ini")"
grep -qx '#  = @D' "$T/map.ini" || fail "the map: $(cat "$T/map.ini")"
grep -qx '# Comunale =' "$T/map.ini" || fail "the map: $(cat "$T/map.ini")"
as it import "$T/sheet.csv" --propose-map -o "$T/map.ini"
exits 1
as it import "$T/sheet.csv" --map "$T/map.ini" --dry-run
exits 9
says "title (Title): needed to publish, and no column gives it"
sed -i 's/^#  = Nome/title = Nome/; s/^#  = Dove/country = Dove/; s/^#  = @D/organisation = @D/
  s/^# Comunale =/Comunale = local/; s/^# Nazionale =/Nazionale = central/' "$T/map.ini"
as it --json import "$T/sheet.csv" --map "$T/map.ini" "${P[@]}"
exits 0
json .published 2
json '.columns[3].fields[0]' organisation
as it --json show Due
json .body.country FR
json .body.level central
json '.body.organisation.it // .body.organisation.en' Stato
sed -i 's/^title = .*/title = Nome del casi/' "$T/map.ini"
as it import "$T/sheet.csv" --map "$T/map.ini" --dry-run
says 'did you mean "Nome del caso"?'

# What all rows have in common is told for three of them, and counted; one row's own finding stands alone.
sheet 'title,summary,country,level\n'
for n in 1 2 3 4 5 6; do
  printf 'Caso %s,Una prova.,IT,galattico\n' "$n" >>"$T/sheet.csv"
done
printf 'Caso 7,Una prova.,XX,local\n' >>"$T/sheet.csv"
as it import "$T/sheet.csv" --dry-run
says "row 4, column D"
silent "row 5, column D"
says "the same in 3 more rows: warning: code: level: 'galattico'"
says "row 8, column C"
as it -v import "$T/sheet.csv" --dry-run
says "row 7, column D"
silent "more rows"
as it --json import "$T/sheet.csv" --dry-run
json '[.rows[] | select(.findings[]?.field == "level")] | length' 6

# A kind that no program knows.
mkdir -p "$T/it/home/schema/vocab"
cp "$SOURCE"/tests/schema/bicycle.* "$T/it/home/schema/"
cp "$SOURCE"/tests/schema/vocab/frame_type.tsv "$T/it/home/schema/vocab/"
sheet 'Nome,Paese,Telaio,Costruita,Riparazioni: che cosa e stato fatto,Riparazioni: Costo\nRondine,IT,cargo,2021,Pedale; Catena,10;2.5\n'
as it --json import "$T/sheet.csv" --kind bicycle "${P[@]}"
exits 0
json .published 1
as it export --to csv --kind bicycle -o "$T/sheet.csv" --force
exits 0
as it --json import "$T/sheet.csv" --kind bicycle "${P[@]}"
exits 0
json .known 1
