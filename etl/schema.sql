-- intern.duckdb: everything delivered, with its origin. Secret: read only by the gate (indicators/publish.py).
-- Which tables there are and what they mean; see SCHEMA_VERSION in etl/bestand.py.
CREATE TABLE IF NOT EXISTS fassung (version INTEGER);
CREATE TABLE IF NOT EXISTS raum (
    raum_id TEXT, gebietsstand TEXT, name TEXT, ebene TEXT, rest BOOLEAN,
    PRIMARY KEY (raum_id, gebietsstand)
);
CREATE TABLE IF NOT EXISTS raum_eltern (
    raum_id TEXT, gebietsstand TEXT, eltern_id TEXT, hierarchie TEXT
);
CREATE SEQUENCE IF NOT EXISTS lieferung_nr;
CREATE TABLE IF NOT EXISTS lieferung (
    lieferung_id INTEGER PRIMARY KEY,   -- grows with every delivery: the order of loading, never the clock
    quelle TEXT, datei TEXT, sha256 TEXT, profil_sha256 TEXT,
    geladen_am TIMESTAMP,               -- UTC
    zeilen INTEGER,                     -- values read
    entfernt_am TIMESTAMP               -- NULL: counts; otherwise taken back, but not lost
);
-- Texts stand once, values refer to them by number: a third of the time and of the space.
CREATE TABLE IF NOT EXISTS wort (
    code INTEGER PRIMARY KEY, text TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS zahl (
    raum INTEGER, stand INTEGER, stichtag DATE, merkmal INTEGER,
    wert DOUBLE,                        -- NULL unless status is offen or unsicher
    status INTEGER,
    lieferung_id INTEGER, blatt INTEGER,
    zeile INTEGER,                      -- NULL: in no line of the file (completed, computed)
    spalte INTEGER
);
CREATE OR REPLACE VIEW fallzahl AS
SELECT raum.text AS raum_id, stand.text AS gebietsstand, z.stichtag, merkmal.text AS merkmal, z.wert,
       status.text AS status, z.lieferung_id, blatt.text AS blatt, z.zeile, spalte.text AS spalte
FROM zahl z
JOIN wort raum ON raum.code = z.raum
JOIN wort stand ON stand.code = z.stand
JOIN wort merkmal ON merkmal.code = z.merkmal
JOIN wort status ON status.code = z.status
JOIN wort blatt ON blatt.code = z.blatt
JOIN wort spalte ON spalte.code = z.spalte;
CREATE TABLE IF NOT EXISTS merkmal (
    merkmal TEXT PRIMARY KEY, titel TEXT, einheit TEXT, recht TEXT, art TEXT, zeitbezug TEXT,
    summe_aus TEXT[], teil_von TEXT,
    weitere_summen TEXT[][]             -- further lists of parts, each adding up to this Merkmal as well
);
CREATE TABLE IF NOT EXISTS befund (
    lieferung_id INTEGER, quelle TEXT, regel TEXT, merkmal TEXT, schwere TEXT,  -- hinweis | warnung | blockiert
    text TEXT,                          -- may hold values: never leaves this file except on the command line
    ort TEXT,
    befund_id TEXT,                     -- the same whenever the same content is found again
    raum_id TEXT, stichtag DATE, blatt TEXT, zeile INTEGER, spalte TEXT,
    gefunden TEXT, erwartet TEXT, vorher TEXT,
    quer BOOLEAN                        -- found between sources: searched anew whenever one of them changes
);
-- Rules between Merkmale that are looked at when everything is loaded, as the profiles say today.
CREATE TABLE IF NOT EXISTS regel (
    quelle TEXT, name TEXT, gleichung TEXT, grund TEXT, toleranz DOUBLE, toleranz_relativ DOUBLE, bei_verstoss TEXT
);
-- Cells that make no sense beside another source: not shown, but counted in sums, for nobody knows which one is wrong.
CREATE TABLE IF NOT EXISTS unsinn (raum_id TEXT, gebietsstand TEXT, stichtag DATE, merkmal TEXT);
-- Cells a declared correction has touched: `nr` counts the [[korrektur]] of the profile they were loaded with.
CREATE TABLE IF NOT EXISTS korrigiert (
    lieferung_id INTEGER, raum_id TEXT, stichtag DATE, merkmal TEXT, nr INTEGER, tat TEXT, grund TEXT
);
-- Fingerprint of all values of a Stichtag, whatever their order: the same table under another date is found by it.
CREATE TABLE IF NOT EXISTS abdruck (
    lieferung_id INTEGER, stichtag DATE, abdruck UBIGINT, werte INTEGER, verschiedene INTEGER
);
-- Profiles as they were when something was loaded with them.
CREATE TABLE IF NOT EXISTS profil (profil_sha256 TEXT PRIMARY KEY, quelle TEXT, inhalt JSON);
-- What each delivery speaks about: small, so that nobody has to search all values for it.
CREATE TABLE IF NOT EXISTS termin (
    lieferung_id INTEGER, stichtag DATE, merkmal TEXT, werte INTEGER
);
-- The newest delivery that is not taken back speaks for its source and Stichtag.
CREATE OR REPLACE VIEW sprecher AS
SELECT quelle, stichtag, max(lieferung_id) AS lieferung_id
FROM termin JOIN lieferung USING (lieferung_id)
WHERE entfernt_am IS NULL
GROUP BY quelle, stichtag;
CREATE OR REPLACE VIEW fallzahl_gueltig AS
SELECT f.*
FROM fallzahl f JOIN sprecher s ON s.lieferung_id = f.lieferung_id AND s.stichtag = f.stichtag;
